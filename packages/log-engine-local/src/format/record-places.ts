/** Records by the places at which they stand, in some order. */
export interface RecordPlaces {
  readonly count: number;
  locationAt(index: number): number;
  /** Bytes of the payload. */
  lengthAt(index: number): number;
}

export interface RecordReference {
  readonly location: number;
  /** Bytes of the payload. */
  readonly length: number;
}

export function placesOf(references: readonly RecordReference[]): RecordPlaces {
  return {
    count: references.length,
    locationAt: (index) => references[index]!.location,
    lengthAt: (index) => references[index]!.length,
  };
}

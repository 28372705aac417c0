/** What a viewer of the conformance document sees: PROTOCOL.md section 7. */
export interface ConformanceView {
  readonly value: number;
  readonly text: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly cards: readonly ConformanceCard[];
  readonly hand: readonly ConformanceCard[];
  readonly mine: number;
  readonly blob: Readonly<Record<string, string>>;
  readonly fired: readonly string[];
  readonly present: readonly string[];
}

export interface ConformanceCard {
  readonly id: string;
  readonly holder: string;
  readonly rank: number;
  readonly face?: string;
}

/** A generator busier than this measures itself. */
export const GENERATOR_UTILIZATION_MAX = 0.7;

export function refuseBusyGenerator(utilization: number, where: string): void {
  if (utilization <= GENERATOR_UTILIZATION_MAX) return;
  throw new Error(
    `the generator was busy for ${utilization.toFixed(2)} of its time (${where}); above ${GENERATOR_UTILIZATION_MAX} a run means nothing`,
  );
}

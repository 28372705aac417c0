/** CPU of a process since its start, from its own metrics, and when that was read. */
export interface ProcessCpu {
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly atMs: number;
}

export async function scrapeCpu(admin: string): Promise<ProcessCpu> {
  const response = await fetch(`http://${admin}/metrics`);
  const text = await response.text();
  return {
    userSeconds: valueOf(text, "process_cpu_user_seconds_total"),
    systemSeconds: valueOf(text, "process_cpu_system_seconds_total"),
    atMs: performance.now(),
  };
}

function valueOf(text: string, metric: string): number {
  const line = text.split("\n").find((each) => each.startsWith(metric));
  if (line === undefined) throw new Error(`the process does not report ${metric}`);
  return Number(line.slice(line.lastIndexOf(" ") + 1));
}

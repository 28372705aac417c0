/** CPU and wall time of this process since the mark. */
export interface CpuFigures {
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly elapsedSeconds: number;
}

export class CpuMark {
  readonly #cpu = process.cpuUsage();
  readonly #at = performance.now();

  read(): CpuFigures {
    const used = process.cpuUsage(this.#cpu);
    return {
      userSeconds: used.user / 1e6,
      systemSeconds: used.system / 1e6,
      elapsedSeconds: (performance.now() - this.#at) / 1_000,
    };
  }
}

export function cpuSecondsOf({ userSeconds, systemSeconds }: CpuFigures): number {
  return userSeconds + systemSeconds;
}

export function utilization(cpu: CpuFigures): number {
  return cpuSecondsOf(cpu) / cpu.elapsedSeconds;
}

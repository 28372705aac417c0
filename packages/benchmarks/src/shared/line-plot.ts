/** One line of a panel; `null` where there is nothing to show. */
export interface PlotLine {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

export interface PlotPanel {
  readonly title: string;
  readonly unit: string;
  readonly isLogarithmic: boolean;
  readonly lines: readonly PlotLine[];
}

const PANEL = { width: 380, height: 240, left: 56, top: 36, gap: 40 } as const;
const LEGEND = { columns: 2, width: 460, row: 18, top: 52 } as const;
const COLOURS = ["#0b6e99", "#c2571a", "#7a5195", "#3f8f4f", "#555555"];
const TICKS = 4;

/** Panels side by side over the same categories, as an SVG text that needs nothing else. */
export function linePlot(categories: readonly string[], axis: string, panels: readonly PlotPanel[]): string {
  const width = panels.length * (PANEL.left + PANEL.width + PANEL.gap);
  const lines = panels[0]?.lines ?? [];
  const legendTop = PANEL.top + PANEL.height + LEGEND.top;
  const height = legendTop + Math.ceil(lines.length / LEGEND.columns) * LEGEND.row + 12;
  const parts = panels.map((panel, index) =>
    panelSvg(panel, categories, index * (PANEL.left + PANEL.width + PANEL.gap)),
  );
  const legend = lines.map(({ name }, index) => {
    const x = PANEL.left + (index % LEGEND.columns) * LEGEND.width;
    const y = legendTop + Math.floor(index / LEGEND.columns) * LEGEND.row + 8;
    return `<line x1="${x}" y1="${y}" x2="${x + 24}" y2="${y}" stroke="${COLOURS[index]}" stroke-width="2"/><text x="${x + 30}" y="${y + 4}">${name}</text>`;
  });
  const axisText = `<text x="${PANEL.left}" y="${PANEL.top + PANEL.height + 38}">${axis}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#222222">
<rect width="${width}" height="${height}" fill="#ffffff"/>
${[...parts, axisText, ...legend].join("\n")}
</svg>
`;
}

function panelSvg(panel: PlotPanel, categories: readonly string[], offset: number): string {
  const known = panel.lines.flatMap(({ values }) => values.filter((value) => value !== null && value > 0)) as number[];
  const left = offset + PANEL.left;
  const bottom = PANEL.top + PANEL.height;
  const scale = panel.isLogarithmic ? logarithmic(known) : linear(known);
  const xOf = (index: number): number => left + ((index + 0.5) * PANEL.width) / categories.length;
  const yOf = (value: number): number => bottom - scale.share(value) * PANEL.height;
  const parts = [`<text x="${left}" y="${PANEL.top - 14}" font-weight="bold">${panel.title}, ${panel.unit}</text>`];
  for (const tick of scale.ticks) {
    const y = yOf(tick).toFixed(1);
    parts.push(
      `<line x1="${left}" y1="${y}" x2="${left + PANEL.width}" y2="${y}" stroke="#dddddd"/>`,
      `<text x="${left - 6}" y="${Number(y) + 4}" text-anchor="end">${Number(tick.toPrecision(3))}</text>`,
    );
  }
  categories.forEach((category, index) => {
    parts.push(`<text x="${xOf(index).toFixed(1)}" y="${bottom + 18}" text-anchor="middle">${category}</text>`);
  });
  panel.lines.forEach(({ values }, index) => {
    const points = values.flatMap((value, at) =>
      value === null || value <= 0 ? [] : [[xOf(at), yOf(value)] as const],
    );
    const path = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
    parts.push(`<polyline points="${path}" fill="none" stroke="${COLOURS[index]}" stroke-width="2"/>`);
    for (const [x, y] of points) {
      parts.push(`<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="3" fill="${COLOURS[index]}"/>`);
    }
  });
  return parts.join("\n");
}

interface Scale {
  readonly ticks: readonly number[];
  share(value: number): number;
}

function linear(values: readonly number[]): Scale {
  const top = 1.1 * Math.max(...values, Number.MIN_VALUE);
  return { ticks: Array.from({ length: TICKS + 1 }, (_, step) => (top * step) / TICKS), share: (value) => value / top };
}

function logarithmic(values: readonly number[]): Scale {
  const low = Math.floor(Math.log10(Math.min(...values, 1)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values, 1))));
  const ticks = Array.from({ length: high - low + 1 }, (_, step) => 10 ** (low + step));
  return { ticks, share: (value) => (Math.log10(value) - low) / (high - low) };
}

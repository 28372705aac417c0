import { type SVGTemplateResult, svg } from "lit-html";
import type { Species } from "../src/reef/rules.ts";

/** One drawing per species, on a 24 by 24 field, in the colour of the text. */
const drawings: Readonly<Record<Species, SVGTemplateResult>> = {
  coral: svg`<path d="M12 22v-8M12 17c-3 0-5-2-5-5V7M12 15c3 0 5-2 5-5V5M7 11c-2 0-3-1-3-3M17 9c2 0 3-1 3-3M12 14V3"/>`,
  kelp: svg`<path d="M12 22C9 18 15 15 12 11S9 6 12 2M12 18c-3 0-5-1-6-4 3-1 5 1 6 4zM12 12c3 0 5-1 6-4-3-1-5 1-6 4z"/>`,
  pearl: svg`<circle cx="12" cy="12" r="7.6"/><path d="M7.6 11.2a4.6 4.6 0 0 1 3.6-3.6M3 20.5c2-1.4 4-1.4 6 0s4 1.4 6 0 4-1.4 6 0"/>`,
  urchin: svg`<circle cx="12" cy="12" r="4.4"/><path d="M12 1.5v4M12 18.5v4M1.5 12h4M18.5 12h4M4.6 4.6l2.8 2.8M16.6 16.6l2.8 2.8M4.6 19.4l2.8-2.8M16.6 7.4l2.8-2.8"/>`,
};

export function speciesArt(species: Species): SVGTemplateResult {
  return svg`<svg class="art" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${drawings[species]}</svg>`;
}

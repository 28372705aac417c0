import { describe } from "@jest/globals";
import { engineCompliance } from "./support/engine-compliance.ts";

describe("engine ws", () => engineCompliance("ws"));

import { expect, test } from "@jest/globals";
import { HostService } from "@tidewire/protocol-host";
import { LogService, LogTransferService } from "@tidewire/protocol-log";
import { RoutingService } from "@tidewire/protocol-routing";
import { z } from "../src/index.ts";
import { commonSettings } from "../src/settings.ts";

test("links say heartbeat as often as the definitions of their services ask for", () => {
  const asked = [HostService, LogService, LogTransferService, RoutingService].map(({ heartbeatMs }) => heartbeatMs);
  const { link } = z.object(commonSettings).parse({});
  expect(asked).toContain(link.heartbeat);
  for (const heartbeatMs of asked) expect(link.heartbeat).toBeLessThanOrEqual(heartbeatMs);
});

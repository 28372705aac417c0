import { expect, test } from "@jest/globals";
import { crc32 } from "@tidewire/wire/crc32";

test("crc32 is the one of IEEE 802.3 and can be continued", () => {
  const check = Buffer.from("123456789");
  expect(crc32(check)).toBe(0xcbf43926);
  expect(crc32(check.subarray(4), crc32(check.subarray(0, 4)))).toBe(0xcbf43926);
});

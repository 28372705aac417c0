import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";
import descriptor from "protobufjs/ext/descriptor.js";
import pbjs from "protobufjs-cli/pbjs.js";

/** The documents of the benchmarks, as a host loads them, and the processes the benchmarks start. */
export async function extra({ build, nodeBundle }) {
  const { plugins, ...selfContained } = nodeBundle;
  await build({ ...selfContained, entryPoints: ["src/game/board-game.ts"], outfile: "dist/bench-documents.js" });
  await build({
    ...selfContained,
    entryPoints: ["src/link/edge/relay-document.ts"],
    outfile: "dist/link-documents.js",
  });
  await build({
    ...nodeBundle,
    entryPoints: {
      "codec-process": "src/codec/codec-process.ts",
      "compaction-process": "src/compaction/compaction-process.ts",
      "engine-process": "src/game/engine-process.ts",
      "guard-watch": "@tidewire/document/guard-watch",
      "log-io-worker": "@tidewire/log-engine-local/io-worker",
      "log-process": "src/log/log-process.ts",
      "runtime-process": "src/runtime/runtime-process.ts",
      "edge-role": "src/link/direct/edge-role.ts",
      "host-role": "src/link/direct/host-role.ts",
      "load-generator": "src/link/edge/load-generator.ts",
      "answering-host": "src/link/edge/answering-host.ts",
      "edge-linked": edgeMain,
    },
    outdir: "dist",
  });
  await build({
    ...nodeBundle,
    plugins: [answeringLink, ...plugins],
    entryPoints: [edgeMain],
    outfile: "dist/edge-alone.js",
  });
  writeFileSync("dist/host-protobuf.cjs", await staticProtobuf());
  writeFileSync("dist/host-descriptors.bin", descriptors());
}

/** The edge as it is, but for its link, which is replaced by one that answers by itself. */
const edgeMain = fileURLToPath(import.meta.resolve("@tidewire/edge-proxy/src/main.ts"));
const answeringLink = {
  name: "answering-link",
  setup({ onResolve }) {
    onResolve({ filter: /^@tidewire\/link-binary$/ }, () => ({
      path: resolve("src/link/edge/answering-transport.ts"),
    }));
  },
};

const definition = fileURLToPath(import.meta.resolve("@tidewire/protocol-definition/generated/host.proto"));

/** What protobufjs generates for the host protocol: its static code, which is its fastest form. */
function staticProtobuf() {
  const flags = ["-t", "static-module", "-w", "commonjs", "--force-number", "--no-comments", "--no-verify"];
  return new Promise((resolve, reject) => {
    pbjs.main([...flags, "--no-convert", "--no-delimited", definition], (error, output) =>
      error === null ? resolve(output) : reject(error),
    );
  });
}

/** The same definition as descriptors, for `@bufbuild/protobuf`, which wants every type named in full. */
function descriptors() {
  const set = protobuf.loadSync(definition).resolveAll().toDescriptor("proto3");
  for (const file of set.file) {
    for (const field of file.messageType.flatMap((message) => message.field)) {
      if (field.typeName && !field.typeName.startsWith(".")) field.typeName = `.${file.package}.${field.typeName}`;
    }
    for (const method of file.service.flatMap((service) => service.method)) {
      method.inputType = `.${file.package}.${method.inputType.split(".").at(-1)}`;
      method.outputType = `.${file.package}.${method.outputType.split(".").at(-1)}`;
    }
  }
  return descriptor.FileDescriptorSet.encode(set).finish();
}

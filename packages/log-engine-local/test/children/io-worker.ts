import "../../src/threads/io-worker.ts";

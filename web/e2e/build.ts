// Builds the program once for all tests, unless BREAKEVEN_BIN names one.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export default function build(): (() => void) | undefined {
  if (process.env["BREAKEVEN_BIN"]) return undefined;
  const dir = mkdtempSync(join(tmpdir(), "breakeven-e2e-"));
  const bin = join(dir, "breakeven");
  execFileSync("go", ["build", "-o", bin, "./cmd/breakeven"], { cwd: resolve(import.meta.dirname, "../.."), stdio: "inherit" });
  process.env["BREAKEVEN_BIN"] = bin;
  return () => rmSync(dir, { recursive: true, force: true });
}

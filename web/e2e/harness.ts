// Every test talks to a real server on a free port, with a fixed clock, and fails on a console error, a failed
// request, or a request to another host.

import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import AxeBuilder from "@axe-core/playwright";
import { expect, test as base, type BrowserContext, type Page } from "@playwright/test";

const clock = "2026-11-24T00:00:00Z";

async function serve(database: string, warehouse: string): Promise<{ url: string; process: ChildProcess }> {
  const keeping = warehouse ? ["--warehouse", warehouse] : [];
  const child = spawn(process.env["BREAKEVEN_BIN"]!, ["--now", clock, "--database", database, ...keeping, "serve", "--addr", "127.0.0.1:0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout! });
  for await (const line of lines) {
    const found = /http:\/\/\S+\//.exec(line);
    if (found) return { url: found[0], process: child };
  }
  throw new Error("the server ended before it said where it is");
}

interface Trouble {
  // allowed are parts of messages that a test provokes.
  allowed: string[];
}

interface Server {
  server: string;
  visitor: BrowserContext;
  // database is the registry that the server answers from.
  database: string;
  // warehouse is the folder in which the server keeps calls; empty where it keeps none.
  warehouse: string;
}

export const test = base.extend<{ trouble: Trouble }, Server>({
  database: ["embedded", { option: true, scope: "worker" }],
  warehouse: ["", { option: true, scope: "worker" }],
  server: [
    async ({ database, warehouse }, use) => {
      const { url, process: child } = await serve(database, warehouse);
      await use(url);
      child.kill();
    },
    { scope: "worker" },
  ],
  // visitor is one browser profile for all tests, so that only the first of them loads the page cold.
  visitor: [
    async ({ browser, server }, use) => {
      const context = await browser.newContext({
        baseURL: server,
        viewport: { width: 1280, height: 900 },
        locale: "en-US",
        timezoneId: "UTC",
        colorScheme: "light",
        reducedMotion: "reduce",
        permissions: ["clipboard-read", "clipboard-write"],
      });
      await use(context);
      await context.close();
    },
    { scope: "worker" },
  ],
  page: async ({ visitor }, use) => {
    const page = await visitor.newPage();
    await use(page);
    await page.close();
  },
  trouble: [
    async ({ page, server }, use) => {
      const seen: string[] = [];
      const trouble: Trouble = { allowed: [] };
      page.on("console", (m) => {
        if (m.type() === "error" || m.type() === "warning") seen.push(`console: ${m.text()}`);
      });
      page.on("pageerror", (e) => seen.push(`exception: ${e.message}`));
      page.on("requestfailed", (r) => seen.push(`failed: ${r.url()} ${r.failure()?.errorText}`));
      page.on("request", (r) => {
        if (!r.url().startsWith(server) && !r.url().startsWith("data:") && !r.url().startsWith("blob:"))
          seen.push(`another host: ${r.url()}`);
      });
      page.on("response", (r) => {
        if (r.status() >= 400) seen.push(`status ${r.status()}: ${r.url()}`);
      });
      await use(trouble);
      expect(seen.filter((s) => !trouble.allowed.some((a) => s.includes(a)))).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

// open waits until the first verdict stands.
export async function open(page: Page, query = ""): Promise<void> {
  await page.goto("/" + query);
  await expect(page.locator("#verdict h3")).toBeVisible();
}

// accessible checks the page, or the part of it that a selector names, against WCAG A and AA and axe's best practice.
export async function accessible(page: Page, part?: string): Promise<void> {
  const axe = new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]);
  await clean(part ? axe.include(part) : axe);
}

// legible checks what of accessibility depends on the theme.
export async function legible(page: Page): Promise<void> {
  await clean(new AxeBuilder({ page }).withRules(["color-contrast", "link-in-text-block"]));
}

async function clean(axe: AxeBuilder): Promise<void> {
  const { violations } = await axe.analyze();
  const found = violations.map(
    (v) => `${v.id}: ${v.help}\n  ${v.nodes.map((n) => `${n.html.slice(0, 160)} ${n.any[0]?.message ?? ""}`).join("\n  ")}`,
  );
  expect(found).toEqual([]);
}

export const headline = (page: Page) => page.locator("#verdict h3");
export const total = (page: Page, reading: "listed" | "all") => page.locator(`[data-total=${reading}]`);
export const slider = (page: Page, input: string) => page.locator(`[data-input=${input}] input[type=range]`);
export const box = (page: Page, input: string) => page.locator(`[data-input=${input}] input.number`);

// log is an hour of calls, one a minute, as a CSV of our own.
export function log(model = "claude-sonnet-4-6"): Buffer {
  const rows = Array.from({ length: 61 }, (_, i) => {
    const time = new Date(Date.UTC(2026, 10, 17, 9, i)).toISOString();
    return `${time},${model},${1000 + i * 10},${200 + i},${300 + i * 2}`;
  });
  return Buffer.from(["time,model,input_tokens,cache_read_tokens,output_tokens", ...rows].join("\n") + "\n");
}

// The pages of the registry on a database of its own: two tables read twice, and one of them in vain a third time.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accessible, expect, test as base } from "./harness";

type Rates = Record<string, [input: number, output: number]>; // dollars per million

const litellm = (models: Rates) =>
  Object.fromEntries(
    Object.entries(models).map(([name, [input, output]]) => [
      name,
      { input_cost_per_token: input / 1e6, output_cost_per_token: output / 1e6, litellm_provider: "anthropic", mode: "chat" },
    ]),
  );

const modelsDev = (models: Rates) => ({
  anthropic: {
    id: "anthropic",
    models: Object.fromEntries(Object.entries(models).map(([id, [input, output]]) => [id, { id, name: id, cost: { input, output } }])),
  },
});

const launch: Rates = { "claude-haiku-4-5": [1, 5], "claude-sonnet-4-5": [3, 15], "claude-opus-4-5": [5, 25] };

const test = base.extend<object, { database: string }>({
  database: [
    async ({}, use) => {
      const dir = mkdtempSync(join(tmpdir(), "breakeven-record-"));
      const database = join(dir, "registry.db");
      // sync reads tables as they were on a day.
      const sync = (at: string, tables: Record<string, unknown>, ...more: string[]) => {
        const files = Object.entries(tables).map(([name, table]) => {
          const file = join(dir, `${name}.json`);
          writeFileSync(file, JSON.stringify(table));
          return `--file=${name}=${file}`;
        });
        const source = `--source=${Object.keys(tables).join(",")}`;
        execFileSync(process.env["BREAKEVEN_BIN"]!, ["--now", at, "--database", database, "prices", "sync", source, ...files, ...more], {
          stdio: "pipe",
        });
      };
      sync("2026-11-22T00:00:00Z", { litellm: litellm(launch), "models.dev": modelsDev(launch) }, "--no-history");
      // A day later models.dev doubles one price and slips by a factor of a hundred on another.
      const slipped: Rates = { ...launch, "claude-haiku-4-5": [2, 5], "claude-sonnet-4-5": [0.03, 15] };
      sync("2026-11-23T00:00:00Z", { litellm: litellm(launch), "models.dev": modelsDev(slipped) });
      expect(() => sync("2026-11-23T12:00:00Z", { litellm: {} })).toThrow("could not be read");
      await use(database);
      rmSync(dir, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],
});

const panel = ".evidence-panel";

test("two tables that agree verify a price, and a third reading that failed takes nothing back", async ({ page }) => {
  await page.goto("/prices?q=anthropic+opus-4-5");
  const opus = page.locator('[data-row="anthropic claude-opus-4-5 standard "]');
  await opus.getByRole("button", { name: /^verified.*who confirms/ }).click();
  await expect(page.locator(panel)).toContainText("Input: $5", { ignoreCase: true });
  await expect(page.locator(panel)).toContainText("all 2 independent sources agree");
  await expect(page.locator(panel)).toContainText("LiteLLM price map; models.dev; all read 23 Nov 2026");
  await page.goto("/verification");
  await expect(page.locator(".lead")).toContainText("1 of 19 vendors are verified today");
  await expect(page.locator("[data-vendor=anthropic]")).toContainText("yes");
  const source = page.getByRole("row", { name: /^LiteLLM price map/ });
  await expect(source).toContainText("failed");
  await expect(source).toContainText("there is no price in it");
  await expect(source).toContainText("What it said on 23 Nov 2026 still counts.");
});

test("sources that tie are disputed, wait for a person, and say who differs", async ({ page }) => {
  await page.goto("/prices?standing=disputed");
  const haiku = page.locator('[data-row="anthropic claude-haiku-4-5 standard "]');
  await haiku.getByRole("button", { name: /^disputed.*who confirms/ }).click();
  await expect(page.locator(panel)).toContainText("one independent source says 1 and as many say 2");
  await page.keyboard.press("Escape");
  await page.goto("/verification");
  await expect(page.getByText("2 rates wait for a person.")).toBeVisible();
  const item = page.locator(".review-item", { hasText: "claude-sonnet-4-5" });
  await expect(item).toContainText("input: the book holds $3");
  await expect(item).toContainText("$0.03 models.dev");
  await expect(item).toContainText("read the vendor's page and record it as evidence");
  await item.getByRole("button", { name: /a tie/ }).click();
  await expect(page.locator(panel)).toContainText("Undecided, and not used until a person has looked");
});

test("each change has its class and leads to the snapshot that shows it", async ({ page }) => {
  await page.goto("/changes");
  await expect(page.locator(".found")).toContainText("2 changes");
  await expect(page.locator("li.change", { hasText: "claude-haiku-4-5" })).toContainText("$1 became → $2");
  const slip = page.locator("li.change", { hasText: "claude-sonnet-4-5" });
  await expect(slip).toContainText("a hundredth: a slip of units");
  await expect(slip.getByRole("link", { name: /snapshot/ })).toHaveAttribute("href", /^\/api\/v1\/prices\/snapshots\/[0-9a-f]{64}$/);
  await page.goto("/prices/anthropic/claude-haiku-4-5");
  await page.getByRole("button", { name: "models.dev, 23 Nov 2026: $1 to $2, price change" }).click();
  await expect(page.locator(panel).getByRole("link", { name: "the snapshot" })).toBeVisible();
});

test("an audit finds the record sound and gives a head to note down, and a head that is not in the chain breaks it", async ({ page }) => {
  await page.goto("/verification");
  await page.getByRole("button", { name: "Audit now" }).click();
  await expect(page.getByText("The record is sound.")).toBeVisible();
  const head = await page.locator("output.head").innerText();
  expect(head).toMatch(/^2:[0-9a-f]{64}$/);
  const noted = page.getByLabel("A head that you noted down earlier");
  await noted.fill(head);
  await noted.press("Enter");
  await expect(page.getByText("The head that you noted is still in the chain")).toBeVisible();
  await accessible(page, "main");
  await noted.fill("2:" + "0".repeat(64));
  await noted.press("Enter");
  await expect(page.getByText("The record is broken.")).toBeVisible();
});

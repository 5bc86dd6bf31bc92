// The calls that a server keeps: a log goes in, is asked, is decided on, and goes again; bills are held against it.

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accessible, expect, legible, test } from "./harness";

test.use({ warehouse: join(mkdtempSync(join(tmpdir(), "breakeven-calls-")), "calls") });

// days is a million tokens a day of each of two projects, for twenty days of October 2026, at $3 a million.
const rows = Array.from({ length: 20 }, (_, i) =>
  ["search", "editor"].flatMap((project) =>
    Array.from({ length: 10 }, (_, n) => `2026-10-${String(i + 1).padStart(2, "0")}T${String(8 + n).padStart(2, "0")}:00:00Z,claude-sonnet-4-6,100000,0,${project}`),
  ),
).flat();
const days = Buffer.from(["time,model,input_tokens,output_tokens,project", ...rows].join("\n") + "\n");

test.beforeEach(({ trouble }) => {
  trouble.allowed.push("ERR_ABORTED"); // another choice takes the question before it back
});

test("a log is kept, asked in part, decided on and deleted with proof", async ({ page }) => {
  test.setTimeout(60_000);
  await page.goto("/usage");
  await expect(page.locator("#kept")).toContainText("Nothing is kept yet.");
  await page.locator("#usage-files").setInputFiles({ name: "days.csv", mimeType: "text/csv", buffer: days });
  await expect(page.locator(".usage-sum h2")).toHaveText("$120.00 for 400 calls");
  await page.getByRole("button", { name: "Keep this log on the server" }).click();
  await expect(page.locator("#kept").getByRole("status")).toHaveText("days.csv: 400 calls, 400 new.");
  await page.getByRole("button", { name: "Keep this log on the server" }).click();
  await expect(page.locator("#kept").getByRole("status")).toContainText("was taken in before");

  await page.goto("/usage");
  await page.getByRole("button", { name: "Use the 400 calls that this server keeps" }).click();
  await expect(page.locator(".usage-sum h2")).toHaveText("$120.00 for 400 calls");
  await page.getByLabel("From", { exact: true }).fill("2026-10-11");
  await page.getByLabel("To, that day included").fill("2026-10-12");
  await page.getByLabel("Project", { exact: true }).fill("search");
  await page.getByLabel("Project", { exact: true }).press("Enter");
  await expect(page.locator(".usage-sum h2")).toHaveText("$6.00 for 20 calls");
  await expect.poll(() => new URL(page.url()).search).toBe("?from=2026-10-11&log=kept&project=search&to=2026-10-12");
  await page.reload();
  await expect(page.locator(".usage-sum h2")).toHaveText("$6.00 for 20 calls");
  await expect(page.locator("#spend svg.spend")).toBeVisible();
  await accessible(page);

  await page.getByRole("button", { name: "Decide on this workload" }).click();
  await expect(page.locator("#decision .verdict h3")).toBeVisible({ timeout: 15_000 });
  await expect(page.locator("#log")).toContainText("on a part of the calls that this server keeps");

  await page.goto("/usage?log=kept");
  await expect(page.locator(".usage-sum h2")).toHaveText("$120.00 for 400 calls");
  const remove = page.getByRole("form", { name: "Delete kept calls" });
  await page.getByText("Delete calls").click();
  await remove.getByLabel("Name").fill("editor");
  await remove.getByRole("button", { name: "Count them" }).click();
  await expect(page.locator("#kept").getByRole("status")).toHaveText("200 of 400 calls would go.");
  await remove.getByRole("button", { name: "Delete 200 calls for good" }).click();
  await expect(page.locator("#kept").getByRole("status")).toContainText("200 calls deleted: 200 of 400 are kept, and a second search finds 0. Proof:");
  await expect(page.locator(".usage-sum h2")).toHaveText("$60.00 for 200 calls");
});

test("a bill is held against the log, line by line", async ({ page }) => {
  test.setTimeout(60_000);
  // OpenAI's dashboard rounds nothing: two days are billed as computed, the third a dollar more.
  const calls = [1, 2, 3].map((d) => `2026-10-0${d}T09:00:00Z,openai,gpt-5.6-luna,200000,0`);
  await page.goto("/usage");
  await page.locator("#usage-files").setInputFiles({
    name: "calls.csv",
    mimeType: "text/csv",
    buffer: Buffer.from(["time,provider,model,input_tokens,output_tokens", ...calls].join("\n")),
  });
  const bucket = (d: number, usd: number) => ({
    object: "bucket",
    start_time: Date.UTC(2026, 9, d) / 1000,
    end_time: Date.UTC(2026, 9, d + 1) / 1000,
    results: [{ object: "organization.costs.result", amount: { value: usd, currency: "usd" }, line_item: "gpt-5.6-luna, input", project_id: null }],
  });
  const bill = { object: "page", has_more: false, data: [bucket(1, 0.04), bucket(2, 0.04), bucket(3, 1.04)] };
  await expect(page.locator("#bill")).toBeVisible();
  await page.locator("#usage-bills").setInputFiles({ name: "costs.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(bill)) });
  const found = page.locator(".reconciled");
  await expect(found).toContainText("Of a difference of $1.00, $1.00 is unexplained.");
  const sums = found.locator("table.totals");
  await expect(sums.getByRole("row", { name: /^Computed/ })).toContainText("0.12");
  await expect(sums.getByRole("row", { name: /^Billed/ })).toContainText("1.12");
  await expect(sums.getByRole("row", { name: /^unexplained/ })).toContainText("1");
  await expect(found.locator("table.lines tbody tr")).toHaveCount(1);
  await expect(found.locator("table.lines tbody tr")).toContainText("3 Oct 2026");
  await expect(found.locator("table.lines tbody tr")).toContainText("unexplained:");
  await found.getByRole("checkbox", { name: /with the lines that agree, 3 in all/ }).check();
  await expect(found.locator("table.lines tbody tr")).toHaveCount(3);
  await accessible(page, "#bill");
  await page.emulateMedia({ colorScheme: "dark" });
  await legible(page);
  await page.emulateMedia({ colorScheme: "light" });
});

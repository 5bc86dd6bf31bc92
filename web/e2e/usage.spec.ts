// What a log says: its cost over time, its week, what it can answer, and the way to a decision.

import type { Page } from "@playwright/test";
import { accessible, expect, legible, log, test } from "./harness";

interface Call {
  at: Date;
  model: string;
  input: number;
  cached: number;
  output: number;
  project?: string;
  usd?: string;
}

const csv = (calls: Call[]) =>
  Buffer.from(
    [
      "time,model,input_tokens,cache_read_tokens,output_tokens,project,cost_usd",
      ...calls.map((c) => [c.at.toISOString(), c.model, c.input, c.cached, c.output, c.project ?? "", c.usd ?? ""].join(",")),
    ].join("\n") + "\n",
  );

// months is three calls a day from May to October 2026, of models whose prices OpenAI cut on 30 July and 21 August, and
// of one that has none.
function months(): Buffer {
  const calls: Call[] = [];
  for (let d = 0; d < 184; d++) {
    const at = (hour: number) => new Date(Date.UTC(2026, 4, 1 + d, hour));
    calls.push({ at: at(9), model: "gpt-5.6-luna", input: 200_000, cached: 0, output: 0, project: "search" });
    calls.push({ at: at(10), model: "gpt-5.6-sol", input: 200_000, cached: 0, output: 10_000, project: "editor" });
    if (d >= 180) calls.push({ at: at(11), model: "house-model-9", input: 1000, cached: 0, output: 10, project: "editor" });
  }
  return csv(calls);
}

// week is two weeks from a Monday: two calls at each 09:00, one at 10:00 of the first week alone, and one at the very end,
// so that the log covers every hour.
function week(): Buffer {
  const calls: Call[] = [];
  const at = (day: number, hour: number, minute: number) => new Date(Date.UTC(2026, 10, 2 + day, hour, minute));
  const one = (when: Date) => calls.push({ at: when, model: "claude-sonnet-4-6", input: 1000, cached: 200, output: 300 });
  one(at(0, 0, 0));
  for (let d = 0; d < 14; d++) {
    one(at(d, 9, 0));
    one(at(d, 9, 30));
    if (d < 7) one(at(d, 10, 0));
  }
  one(at(13, 23, 59));
  return csv(calls);
}

async function open(page: Page, name: string, data: Buffer, query = ""): Promise<void> {
  await page.goto("/usage" + query);
  await page.locator("#usage-files").setInputFiles({ name, mimeType: "text/csv", buffer: data });
  await expect(page.locator(".usage-sum h2")).toBeVisible();
}

const spend = (page: Page) => page.locator("#spend");

test.beforeEach(({ trouble }) => {
  trouble.allowed.push("ERR_ABORTED"); // another choice takes the question before it back
});

test("a log of months is drawn, its price changes are marked and told, and what has no price is a gap", async ({ page }) => {
  await open(page, "months.csv", months());
  await expect(page.locator(".usage-sum h2")).toHaveText(/^At least \$[\d,.]+ for 372 calls$/);
  const chart = spend(page).locator("svg.spend");
  await expect(chart).toHaveAttribute("aria-label", /184 bars from 1 May 2026 to 31 Oct 2026.*2 price changes are marked/);
  // 94 days of Luna since 30 July, 0.2 million tokens each at $0.20 and not $1: 94 × 0.16. 72 days of Sol since 21 August,
  // 0.2 million in at $4 and not $5, 0.01 million out at $20 and not $30: 72 × 0.30.
  const told = spend(page).locator(".effects li");
  await expect(told.nth(0)).toContainText("The 30 July 2026 cut of openai/gpt-5.6-luna saved you $15.04");
  await expect(told.nth(1)).toContainText("The 21 August 2026 cut of openai/gpt-5.6-sol saved you $21.60");
  await expect(chart).toContainText("The 21 August 2026 cut of openai/gpt-5.6-sol saved you $21.60"); // the larger one, in words
  await chart.getByRole("button", { name: /^Price change 2: The 21 August 2026/ }).press("Enter");
  await expect(page.getByRole("dialog")).toContainText("gpt-5.6-sol saved you $21.60");
  await page.keyboard.press("Escape");
  await expect(spend(page)).toContainText("Hatched: calls without a price");
  await expect(spend(page).locator("div.missing")).toContainText("house-model-9");
  await expect(spend(page).getByRole("row", { name: /house-model-9/ })).toContainText("no price");
});

test("the spend is divided otherwise, read as a table, and taken along as CSV", async ({ page }) => {
  await open(page, "months.csv", months());
  await spend(page).getByRole("radio", { name: "project" }).check();
  await spend(page).getByRole("radio", { name: "month" }).check();
  await expect(spend(page).locator("svg.spend")).toHaveAttribute("aria-label", /by month, in layers by project: 6 bars/);
  await expect.poll(() => new URL(page.url()).search).toBe("?by=project&per=month");
  await spend(page).getByRole("button", { name: /^Show the numbers/ }).click();
  const rows = spend(page).getByRole("region", { name: "Cost by month and project" }).locator("tbody tr");
  await expect(rows).toHaveCount(12);
  // 31 calls in May, of 200,000 tokens in at $5 and 10,000 out at $30 a million: 31 × 1.30.
  await expect(rows.nth(0)).toContainText("2026-05");
  await expect(rows.nth(0)).toContainText("editor");
  await expect(rows.nth(0)).toContainText("$40.30");
  await expect(rows.last()).toContainText("search");
  const saving = page.waitForEvent("download");
  await spend(page).getByRole("button", { name: "Download as CSV" }).click();
  const file = await saving;
  expect(file.suggestedFilename()).toBe("usage-by-month-and-project.csv");
  const stream = await file.createReadStream();
  const text = (await stream.toArray()).join("");
  expect(text.split("\r\n")[0]).toBe("month,project,rows,requests,input_tokens,output_tokens,usd,complete,reported_usd");
  expect(text.split("\r\n")[1]).toBe("2026-05,editor,31,31,6200000,310000,40.3,true,");
});

test("what the log reports stays beside what is computed", async ({ page }) => {
  const at = (hour: number) => new Date(Date.UTC(2026, 10, 3, hour));
  await open(
    page,
    "reported.csv",
    csv([9, 10].map((h) => ({ at: at(h), model: "claude-sonnet-4-6", input: 1_000_000, cached: 0, output: 0, usd: "2.5" }))),
    "?cost=both",
  );
  await expect(spend(page)).toContainText("Computed: $6.00. The log itself reports: $5.00.");
  await expect(spend(page).locator("svg.spend .reported.line")).toHaveCount(1);
  await spend(page).getByRole("button", { name: /^Show the numbers/ }).click();
  await expect(spend(page).getByRole("row", { name: /09:00 UTC/ })).toContainText("$2.50");
});

test("the week shows the mean of each hour, what was empty and what was not covered", async ({ page }) => {
  await open(page, "week.csv", week());
  const cell = (day: string, hour: number) => page.locator(".heat").getByRole("row", { name: new RegExp(`^${day}`) }).locator("td").nth(hour);
  await expect(cell("Wed", 9)).toHaveText("2");
  await expect(cell("Wed", 10)).toHaveText("0.5");
  await expect(cell("Wed", 11)).toHaveText("0");
  await expect(cell("Wed", 11)).toHaveClass("none-came");
  await expect(page.locator(".heat .unseen")).toHaveCount(0);
  await expect(page.locator("#arrivals")).toContainText("Unknown: that takes three whole weeks");
  await open(page, "hour.csv", log());
  await expect(page.locator(".heat .unseen")).toHaveCount(167);
  await expect(page.locator(".heat")).toContainText("the log covers no such hour (167 of 168)");
  await expect(cell("Tue", 9)).not.toHaveText("0");
});

test("lengths, the resolution and what it can answer", async ({ page }) => {
  await open(page, "hour.csv", log());
  await expect(page.locator("#lengths svg")).toHaveAttribute("aria-label", /Input: half of the calls have .* the longest 1,600\. .*Output: .* the longest 420\./);
  await expect(page.locator("#answers")).toContainText("The log holds buckets of a minute (L1).");
  const answer = (question: string) => page.locator("#answers dl > div", { hasText: question }).locator("b");
  await expect(answer("What it costs at list prices")).toHaveText("yes");
  await expect(answer("Machines for a latency target")).toHaveText("within a range");
  await expect(answer("Growth")).toHaveText("no");
});

test("the input convention is shown with its evidence, and can be overridden", async ({ page }) => {
  // The first row proves that the input figure excludes cached tokens: it is smaller than they are.
  const at = new Date(Date.UTC(2026, 10, 3, 9));
  await open(
    page,
    "cached.csv",
    csv([
      { at, model: "claude-sonnet-4-6", input: 100, cached: 900, output: 10 },
      { at, model: "claude-sonnet-4-6", input: 2000, cached: 900, output: 10 },
    ]),
  );
  const read = page.locator(".as-read");
  await expect(read).toContainText("The input figure excludes cached tokens");
  const sum = await page.locator(".usage-sum h2").textContent();
  await open(page, "hour.csv", log());
  await expect(read).toContainText("The input figure includes cached tokens: a guess");
  const including = await page.locator(".usage-sum h2").textContent();
  await read.getByRole("radio", { name: "it excludes them" }).check();
  await expect(read).toContainText("The input figure excludes cached tokens");
  await expect(page.locator(".usage-sum h2")).not.toHaveText(including!);
  expect(sum).toMatch(/for 2 calls$/);
});

test("bad rows are shown with file and line, and a file of nobody's format can be mapped", async ({ page, trouble }) => {
  trouble.allowed.push("422");
  const good = log().toString().trimEnd().split("\n");
  good.splice(3, 0, "yesterday,claude-sonnet-4-6,1000,0,300");
  await open(page, "calls.csv", Buffer.from(good.join("\n")));
  const faults = page.locator(".faults");
  await expect(faults).toContainText("1 of 62 rows of calls.csv could not be read");
  await expect(faults).toContainText("calls.csv:4");
  await expect(faults).toContainText("yesterday");
  const rows = Array.from({ length: 61 }, (_, i) => `2026-11-17T09:${String(i % 60).padStart(2, "0")}:00Z,${1000 + i},${300 + i}`);
  await page
    .locator("#usage-files")
    .setInputFiles({ name: "ours.csv", mimeType: "text/csv", buffer: Buffer.from(["when_it_was,asked,told", ...rows].join("\n")) });
  await expect(page.locator(".usage").getByRole("alert")).toContainText("map them");
  await page.getByLabel("Columns by another name").fill("time=when_it_was, input=asked, output=told");
  await page.getByLabel("Columns by another name").press("Enter");
  await expect(page.locator(".usage-sum h2")).toHaveText("Nothing here has a price for 61 calls");
  const model = page.locator(".usage").getByRole("combobox", { name: "Model of calls that name none" });
  await model.fill("sonnet 4.6");
  await page.keyboard.press("Enter");
  await expect(page.locator(".usage-sum h2")).toHaveText(/^\$[\d.]+ for 61 calls$/);
});

test("one button decides on the workload", async ({ page }) => {
  await open(page, "months.csv", week());
  await page.getByRole("button", { name: "Decide on this workload" }).click();
  await expect(page.locator("#decision .verdict h3")).toBeVisible({ timeout: 15_000 });
  await expect(page.locator("#decision")).toContainText("months.csv: read as");
  expect(new URL(page.url()).pathname).toBe("/");
  // Back on the usage page the log is still there.
  await page.getByRole("link", { name: "what they say" }).click();
  await expect(page.locator(".usage-sum h2")).toHaveText(/for 37 calls$/);
});

test("the example is a link, and exports as FOCUS that conforms", async ({ page }) => {
  await page.goto("/usage");
  await page.getByRole("button", { name: "Try an example" }).click();
  await expect(page.locator(".usage-sum h2")).toHaveText("$944.93 for 30,000 calls");
  expect(new URL(page.url()).search).toBe("?log=example");
  const saving = page.waitForEvent("download");
  await page.locator("#focus").getByRole("button", { name: "Export" }).click();
  const file = await saving;
  expect(file.suggestedFilename()).toBe("focus-1.2.csv");
  await page.locator("#focus-file").setInputFiles({
    name: "focus.csv",
    mimeType: "text/csv",
    buffer: Buffer.from((await (await file.createReadStream()).toArray()).join("")),
  });
  await expect(page.locator("#focus .checked")).toContainText("The file conforms to FOCUS 1.2");
});

for (const size of [
  { name: "320 px", width: 320, height: 640 },
  { name: "wide", width: 1440, height: 900 },
]) {
  test(`${size.name}: accessible in both themes, and nothing overflows`, async ({ page }) => {
    test.setTimeout(60_000);
    await page.setViewportSize(size);
    await open(page, "months.csv", months(), "?cost=both&per=month");
    await expect(spend(page).locator("svg.spend")).toBeVisible();
    await spend(page).getByRole("button", { name: /^Show the numbers/ }).click();
    await accessible(page);
    await page.emulateMedia({ colorScheme: "dark" });
    await legible(page);
    await page.emulateMedia({ colorScheme: "light" });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(over, "the page scrolls sideways").toBeLessThanOrEqual(0);
  });
}

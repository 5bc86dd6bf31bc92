// The fleet page: a simulation that follows every change, its plots, the search for the cheapest fleet, and its errors.

import type { Page } from "@playwright/test";
import { accessible, expect, legible, log, test } from "./harness";

const verdict = (page: Page) => page.locator(".verdict-line h2");
const words = (page: Page) => page.locator(".fleet-words");
const plan = (page: Page) => page.locator("#plan");

// A change gives up the question before it.
test.beforeEach(({ trouble }) => {
  trouble.allowed.push("ERR_ABORTED");
});

// settled waits until the newest question is answered.
async function settled(page: Page): Promise<void> {
  await expect(page.locator(".fleet > .progressing")).toHaveAttribute("aria-busy", "false");
}

async function open(page: Page, query = ""): Promise<void> {
  await page.goto("/fleet" + query);
  await expect(verdict(page)).toHaveText(/target$/);
}

test("the default fleet is simulated, drawn and plotted", async ({ page }) => {
  await open(page);
  await expect(page).toHaveTitle("Fleet · Breakeven");
  await expect(page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Fleet" })).toHaveAttribute("aria-current", "page");
  await expect(verdict(page)).toHaveText("2 replicas of 2 × H100 SXM meet the target");
  await expect(words(page)).toContainText(/p99 TTFT [\d.]+\sm?s of 2\ss, p99 TPOT [\d.]+\sms of 50\sms, confirmed by simulating 20,000 calls/);
  await expect(words(page)).toContainText(/p99 TTFT between .* and /);
  await expect(words(page)).toContainText(/Engine vllm, versions \d/);
  await expect(page.locator(".fleet-drawing li")).toHaveCount(2);
  await expect(page.locator(".fleet-drawing li").first()).toContainText(/Replica 1 .*busy .*cache .*peak/);
  await expect(page.locator(".fleet-drawing .router")).toContainText("Least loaded");
  await expect(page.getByRole("img", { name: /^Time to the first token over \d+ spans.*target is 2\ss/ })).toBeVisible();
  await expect(page.locator(".multiples figure svg")).toHaveCount(6);
  await expect(page.locator(".fleet-figures")).toContainText(/One replica sustains [\d.]+ calls a second within the target, between .*More is kept from it by the TPOT target/);
  await expect(page.getByRole("img", { name: /^p99 time between tokens of one replica.*a replica is now sent 2\.5/ })).toBeVisible();
  await page.getByRole("button", { name: "Show the numbers of the chart: Time to the first token" }).click();
  await expect(page.getByRole("region", { name: "Time to the first token" }).locator("tbody tr").first()).toContainText(/m?s/);
  await words(page).getByRole("button", { name: /what the engine's constants rest on/ }).click();
  await expect(page.getByRole("dialog")).toContainText("Calibrated on vllm");
});

test("changing the replicas simulates again in under a second", async ({ page }) => {
  await open(page);
  await settled(page);
  const slider = page.getByRole("slider", { name: "Replicas" });
  await slider.focus();
  const took: number[] = [];
  for (const [key, text] of [
    ["ArrowRight", "3 replicas of 2 × H100 SXM meet the target"],
    ["ArrowLeft", "2 replicas of 2 × H100 SXM meet the target"],
    ["ArrowLeft", "1 replica of 2 × H100 SXM misses the target"],
  ] as const) {
    const from = Date.now();
    await slider.press(key);
    await expect(verdict(page)).toHaveText(text, { timeout: 5000 });
    took.push(Date.now() - from);
    await settled(page);
  }
  console.log(`  from the key to the new verdict: ${took.join(", ")} ms`);
  expect(Math.min(...took)).toBeLessThan(1000);
  await expect(words(page)).toContainText(/answers came slower than 50\sms a token, and 200 may/);
  await expect(words(page)).toContainText(/that asks for 2 at least/);
  await expect.poll(() => new URL(page.url()).search).toBe("?n=1");
  await words(page).getByRole("button", { name: "Try 2 replicas" }).click();
  await expect(verdict(page)).toHaveText("2 replicas of 2 × H100 SXM meet the target");
  await page.goBack();
  await expect(verdict(page)).toHaveText("1 replica of 2 × H100 SXM misses the target");
});

test("typing is never held up, and only the last of many changes counts", async ({ page }) => {
  await open(page);
  const box = page.getByRole("textbox", { name: "Calls a second" });
  await box.fill("");
  await box.pressSequentially("12.5", { delay: 40 });
  await expect(box).toHaveValue("12.5");
  await settled(page);
  await expect(page.locator(".router")).toContainText("12.5 calls/s");
  await expect.poll(() => new URL(page.url()).search).toBe("?rate=12.5");
});

test("the search finds the cheapest fleet, and a row of it is simulated", async ({ page }) => {
  await open(page);
  await plan(page).getByRole("button", { name: "Find the cheapest fleet" }).click();
  await expect(plan(page).locator(".plan-sentence")).toHaveText(/machines?, \$[\d.]+ an hour: .* of Llama 3\.3 70B/);
  await expect(plan(page)).toContainText("Confirmed by simulating 20,000 calls");
  const rows = plan(page).locator(".candidates-table tbody tr");
  await expect(rows.first()).toHaveClass(/chosen/);
  await expect(rows.first()).toContainText("Cheapest");
  const held = await rows.count();
  await expect(plan(page)).toContainText(/Dropped: .*\d+ dearer at its floor/);
  await plan(page).getByRole("button", { name: /^Show all/ }).click();
  expect(await rows.count()).toBeGreaterThan(held);
  await expect(rows.filter({ hasText: "Does not fit" }).first()).toContainText("GB");
  await expect(plan(page).getByRole("row", { name: /One to spare \(N\+1\)/ })).toContainText("as simulated");
  await expect(plan(page).getByRole("row", { name: /^Grows and shrinks/ })).toBeVisible();
  await rows.first().getByRole("button", { name: /what .* rests on/ }).click();
  await expect(page.getByRole("dialog")).toContainText("an hour: published");
  await page.keyboard.press("Escape");
  await rows.nth(1).getByRole("button", { name: /^Simulate/ }).click();
  await expect(rows.nth(1)).toHaveAttribute("aria-current", "true");
  await settled(page);
  await expect(verdict(page)).toHaveText(/meets? the target/);
  await expect.poll(() => new URL(page.url()).search).toMatch(/gpu=.*plan=1/);
});

test("a trace is uploaded and simulated call by call", async ({ page, trouble }) => {
  trouble.allowed.push("400", "422"); // words are no log, and single prompts of the demo are too long for the target
  await open(page);
  await page.getByRole("radio", { name: "my log" }).check();
  await expect(verdict(page)).toHaveText("Choose a log to simulate");
  await expect(plan(page).getByRole("button", { name: "Find the cheapest fleet" })).toBeDisabled();
  await page.getByLabel(/Drop a call log or trace/).setInputFiles({ name: "calls.csv", mimeType: "text/csv", buffer: log() });
  await expect(words(page)).toContainText("confirmed by simulating 61 calls");
  await page.getByRole("radio", { name: "a demo log" }).check();
  await expect(words(page)).toContainText("simulating 30,000 calls");
  await expect(verdict(page)).toHaveText("2 replicas of 2 × H100 SXM miss the target");
  await expect(words(page)).toContainText(/Of calls with this log's means and spreads: .* even alone/);
  await words(page).getByRole("button", { name: "Search for the cheapest fleet that meets it" }).click();
  await expect(plan(page).locator(".plan-sentence, .missing")).toBeVisible({ timeout: 15_000 });
  await page.getByRole("radio", { name: "my log" }).check();
  await page.getByLabel(/Drop a call log or trace/).setInputFiles({ name: "words.csv", mimeType: "text/csv", buffer: Buffer.from("a,b\nc,d\n") });
  await expect(verdict(page)).toHaveText("This fleet cannot be simulated");
  await expect(page.locator(".drop .fault, .fleet-words .reason").first()).toBeVisible();
});

test("what the server refuses stands beside its field", async ({ page, trouble }) => {
  trouble.allowed.push("422");
  await page.goto("/fleet?precision=bf16&tp=1");
  await expect(verdict(page)).toHaveText("This fleet cannot be simulated");
  const spread = page.locator(".field", { has: page.getByLabel("Spread over") });
  await expect(spread.getByRole("alert")).toContainText("bf16 on 1 × H100 SXM does not fit");
  await expect(spread.getByRole("alert")).toContainText("tensor parallelism of 2");
  await expect(page.getByLabel("Spread over")).toHaveAttribute("aria-invalid", "true");
  await page.getByLabel("Spread over").selectOption("4");
  await expect(verdict(page)).toHaveText("2 replicas of 4 × H100 SXM meet the target");
  await page.getByRole("textbox", { name: "Calls a second" }).fill("0");
  await expect(page.locator(".field", { has: page.getByRole("textbox", { name: "Calls a second" }) }).getByRole("alert")).toContainText("expected number > 0");
  await page.goto("/fleet?ttft=0.02&plan=1");
  await expect(plan(page).getByRole("alert")).toContainText("no fleet of", { ignoreCase: true });
  await expect(page.locator(".field", { has: page.getByLabel("First token") }).getByRole("alert")).toBeVisible();
});

test("a link reproduces the page, and says what it could not use", async ({ page }) => {
  await open(page, "?gpu=h200-sxm&n=9&routing=round_robin&tp=1&rate=20&ttft=soon");
  await expect(verdict(page)).toHaveText(/^9 replicas of 1 × H200 SXM/);
  await expect(page.locator(".router")).toContainText("Round robin");
  await expect(page.getByRole("combobox", { name: "GPU" })).toHaveValue("H200 SXM");
  await expect(page.getByLabel("Replicas, exact")).toHaveValue("9");
  await expect(page.locator(".notice")).toContainText("ttft=soon");
  await expect(page.locator(".fleet-drawing li")).toHaveCount(8);
  await page.getByRole("button", { name: "Show 1 more" }).click();
  await expect(page.locator(".fleet-drawing li")).toHaveCount(9);
});

for (const size of [
  { name: "320 px", width: 320, height: 640 },
  { name: "wide", width: 1440, height: 900 },
]) {
  test(`${size.name}: accessible in both themes, and nothing overflows`, async ({ page }) => {
    test.setTimeout(60_000);
    await page.setViewportSize(size);
    await open(page, "?plan=1&n=3");
    await expect(plan(page).locator(".candidates-table")).toBeVisible();
    await settled(page);
    await expect(page.locator(".multiples figure svg")).toHaveCount(6);
    await accessible(page);
    await page.emulateMedia({ colorScheme: "dark" });
    await legible(page);
    await page.emulateMedia({ colorScheme: "light" });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(over, "the page scrolls sideways").toBeLessThanOrEqual(0);
    await page.locator(".fleet-figures").scrollIntoViewIfNeeded();
    if (size.width < 400) await expect(verdict(page)).toBeInViewport();
  });
}

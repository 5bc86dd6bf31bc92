// The quick formula: its figures, its sliders, its tabs, its constraints.

import { box, expect, headline, open, slider, test, total } from "./harness";

test("the first screen answers with the guide's middle case in both readings", async ({ page }) => {
  await open(page);
  await expect(headline(page)).toHaveText("Stay on the API");
  await expect(total(page, "listed")).toHaveText("33,000"); // 8 + 25
  await expect(total(page, "all")).toHaveText("47,000"); // 8 × 70 / 37.3 = 15; 15 + 25 + 7
  await expect(page.locator("#verdict")).toContainText("The two readings disagree");
  await expect(page.locator("#verdict")).toContainText("above $51,200 a month of API spend, or above 70 % utilization");
  await expect(page.locator(".short-answer")).toContainText("Stay on the API");
});

// The terms that the guide prints, and what they add up to, in dollars a month.
const scenarios = [
  { tab: "Small", listed: "20,000", api: "10,000", contested: false }, // 5 + 15
  { tab: "Growth", listed: "33,000", api: "40,000", contested: true }, // 8 + 25, which is less than 40
  { tab: "Scale", listed: "75,000", api: "150,000", contested: false }, // 35 + 40
];

test("a tab of a team size loads the guide's figures and says whether they bear its claim out", async ({ page }) => {
  await open(page, "?from=consumer&v=1");
  for (const s of scenarios) {
    await page.getByRole("tab", { name: s.tab, exact: true }).click();
    await expect(total(page, "listed")).toHaveText(s.listed);
    await expect(box(page, "api")).toHaveValue(s.api);
    const claim = page.locator("#team-panel .claim");
    if (s.contested) await expect(claim).toContainText("The claim and its own terms disagree");
    else await expect(claim).not.toContainText("disagree");
  }
});

const applications = [
  { tab: "Consumer app", listed: "93,113.21", verdict: "Self-host" }, // 198,113.21 less 105,000
  { tab: "Regulated, on premises", listed: "42,000", verdict: "Self-host, because the constraints leave nothing else" },
  { tab: "Bursty", listed: "40,000", verdict: "Stay on the API" }, // 8 × 70 / 25 + 32 = 54.4 with all terms
  { tab: "Fine-tuned", listed: "53,000", verdict: "It is a tie: stay where you are" }, // 53 + 7 = 60
];

test("an application loads the sliders and brings the verdict into view", async ({ page }) => {
  await open(page);
  for (const a of applications) {
    await page.getByRole("tab", { name: a.tab }).last().click();
    await page.getByRole("button", { name: "Try this scenario" }).click();
    await expect(total(page, "listed")).toHaveText(a.listed);
    await expect(headline(page)).toHaveText(a.verdict);
    await expect(headline(page)).toBeInViewport();
    await expect(page.locator("#verdict")).toBeFocused();
  }
});

test("the keyboard alone changes the verdict from page load", async ({ page }) => {
  await open(page);
  const utilization = page.getByRole("slider", { name: "Utilization", exact: true });
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press("Tab");
    if (await utilization.evaluate((el) => el === document.activeElement)) break;
  }
  await expect(utilization).toBeFocused();
  const before = await utilization.getAttribute("aria-valuetext");
  await page.keyboard.press("ArrowRight");
  await expect(utilization).not.toHaveAttribute("aria-valuetext", before!);
  for (let i = 0; i < 4; i++) await page.keyboard.press("PageUp"); // 37 % and a bit, and four times a tenth of the range
  await expect(headline(page)).toHaveText("Self-host");
  await expect(page.getByRole("status").filter({ hasText: "Self-host. Self-hosting is cheaper" })).toBeAttached();
  await page.keyboard.press("Home");
  await expect(utilization).toHaveAttribute("aria-valuetext", /^5\s%$/);
  await page.keyboard.press("End");
  await expect(utilization).toHaveAttribute("aria-valuetext", /^100\s%$/);
});

test("an arrow key moves a slider by one percent of its range, a page key by ten", async ({ page }) => {
  await open(page);
  await slider(page, "ops").focus(); // 0 to 100,000
  await page.keyboard.press("ArrowRight");
  await expect(box(page, "ops")).toHaveValue("26,000");
  await page.keyboard.press("PageDown");
  await expect(box(page, "ops")).toHaveValue("16,000");
});

test("a typed figure counts at once and can be reset to its source", async ({ page }) => {
  await open(page);
  await box(page, "api").fill("60k");
  await expect(headline(page)).toHaveText("Self-host");
  await box(page, "api").blur();
  await expect(box(page, "api")).toHaveValue("60,000");
  await page.getByRole("button", { name: /reset to \$40,000/ }).click();
  await expect(headline(page)).toHaveText("Stay on the API");
  await expect(page.getByRole("button", { name: /reset to/ })).toHaveCount(0);
});

test("a figure out of range is explained beside its box", async ({ page, trouble }) => {
  trouble.allowed = ["422"];
  await open(page);
  await box(page, "utilization").fill("150");
  await expect(page.locator("[data-input=utilization] .fault")).toContainText("expected number <= 1");
  await box(page, "utilization").fill("70");
  await expect(page.locator("[data-input=utilization] .fault")).toHaveCount(0);
  await expect(total(page, "all")).toHaveText("40,000");
});

test("the ledger opens its evidence, term by term", async ({ page }) => {
  await open(page);
  await page.getByRole("button", { name: /why GPU rental/ }).click();
  const evidence = page.locator("#why-gpu");
  await expect(evidence).toContainText("$8,000/month × 70 % / 37.3333333 %");
  await expect(evidence).toContainText("design utilization");
});

test("the chart's numbers are one click away", async ({ page }) => {
  await open(page);
  await page.getByRole("button", { name: /Show the numbers of the chart: Cost per month over scale/ }).click();
  const row = page.getByRole("row", { name: /^1× / });
  await expect(row).toContainText("$40,000");
  await expect(row).toContainText("$47,000");
});

test("constraints change the recommendation, name what they rule out, and have a price", async ({ page }) => {
  await open(page);
  const outcome = page.locator(".outcome");
  await page.getByRole("checkbox", { name: /Data stays inside/ }).check();
  await expect(outcome.locator("h3")).toHaveText("Self-host, because the constraints leave nothing else");
  await expect(outcome).toContainText("The API is ruled out: data leaves your infrastructure");
  await expect(outcome).toContainText("Price of the constraints: $7,000 a month");
  await page.getByRole("checkbox", { name: /No team for it/ }).check();
  await expect(outcome.locator("h3")).toHaveText("No option satisfies every constraint");
  await page.getByRole("checkbox", { name: /Data stays inside/ }).uncheck();
  await expect(outcome.locator("h3")).toHaveText("Stay on the API, because the constraints leave nothing else");
  await page.getByRole("checkbox", { name: /No team for it/ }).uncheck();
  await expect(outcome).toContainText("Nothing is ruled out");
  await page.getByRole("checkbox", { name: "FedRAMP High" }).check();
  await expect(outcome).toContainText("The API is ruled out");
});

test("tabs move by arrow and open by Enter", async ({ page }) => {
  await open(page);
  await page.getByRole("tab", { name: "Growth" }).focus();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("tab", { name: "Scale" })).toBeFocused();
  await expect(total(page, "listed")).toHaveText("33,000"); // not loaded yet
  await page.keyboard.press("Enter");
  await expect(total(page, "listed")).toHaveText("75,000");
});

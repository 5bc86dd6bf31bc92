// The full calculator and the price book.

import { expect, open, test } from "./harness";

test("the calculator prices an average call exactly, each rate with its evidence", async ({ page }) => {
  await open(page);
  const section = page.locator("#calculator");
  await section.scrollIntoViewIfNeeded();
  await expect(section.getByRole("combobox", { name: "Model" })).toHaveValue(/Claude Sonnet 4.6/);
  // 10,000 calls × 365 days × (840 × $3 + 360 × $0.30 + 350 × $15) / 1,000,000
  // = 3.65 × (2,520 + 108 + 5,250) = 28,754.70
  await expect(section.getByRole("row", { name: /^A year/ })).toContainText("28,754.7");
  await expect(section.locator("[data-span='per year']")).toHaveText("$28,754.70");
  await section.getByRole("button", { name: /why the input price/ }).click();
  await expect(section.locator("tr.evidence")).toContainText("platform.claude.com");
});

test("a model is found by typing and chosen by keyboard", async ({ page }) => {
  await open(page);
  const section = page.locator("#calculator");
  const model = section.getByRole("combobox", { name: "Model" });
  await model.scrollIntoViewIfNeeded();
  await expect(model).toHaveValue(/Claude Sonnet 4.6/);
  await model.click();
  await page.keyboard.type("opus 4 7");
  await expect(section.getByRole("option").first()).toContainText("Claude Opus 4.7");
  await page.keyboard.press("Enter");
  await expect(model).toHaveValue(/Claude Opus 4.7/);
  // 3.65 × (840 × 5 + 360 × 0.5 + 350 × 25) = 3.65 × 13,130
  await expect(section.getByRole("row", { name: /^A year/ })).toContainText("47,924.5");
  expect(page.url()).toBeTruthy();
  await expect.poll(() => new URL(page.url()).searchParams.get("calc.model")).toBe("anthropic/claude-opus-4-7");
});

test("the price book is searched and shows its evidence", async ({ page }) => {
  await open(page);
  const section = page.locator("#prices");
  await section.scrollIntoViewIfNeeded();
  await section.getByRole("searchbox").fill("anthropic claude-sonnet-4-6");
  const row = section.getByRole("row", { name: /anthropic\/claude-sonnet-4-6 / });
  await expect(row).toContainText("15");
  await row.getByRole("button").click();
  await expect(section.locator("tr.evidence")).toContainText("Anthropic bills a cache hit at a tenth of the input rate");
});

// Every section, in both themes, from a phone to a wide screen.

import type { Page } from "@playwright/test";
import { accessible, expect, legible, log, open, test } from "./harness";

const widths = [
  { name: "320 px", width: 320, height: 640 },
  { name: "wide", width: 1440, height: 900 },
];

async function everything(page: Page): Promise<void> {
  await open(page);
  await page.getByRole("button", { name: /why GPU rental/ }).click();
  await page
    .getByRole("button", { name: /Show the numbers of the chart/ })
    .first()
    .click();
  await page.locator("#calculator").scrollIntoViewIfNeeded();
  await page.locator("#log-files").setInputFiles({ name: "calls.csv", mimeType: "text/csv", buffer: log() });
  await expect(page.locator("#decision .verdict h3")).toBeVisible();
  await page.getByRole("button", { name: "ledger of Rented GPUs" }).click();
  await page.locator("#prices").scrollIntoViewIfNeeded();
  await expect(page.locator("#prices tbody tr").first()).toBeVisible();
}

for (const size of widths) {
  test(`${size.name}: every section is accessible in both themes and nothing overflows`, async ({ page }) => {
    test.setTimeout(60_000);
    await page.setViewportSize(size);
    await everything(page);
    await accessible(page);
    await page.emulateMedia({ colorScheme: "dark" });
    await legible(page);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(over, "the page scrolls sideways").toBeLessThanOrEqual(0);
  });
}

test("an open list of models is accessible", async ({ page }) => {
  await open(page);
  const model = page.locator("#calculator").getByRole("combobox");
  await model.scrollIntoViewIfNeeded();
  await expect(model).toHaveValue(/Claude/);
  await model.click();
  await expect(page.getByRole("option").first()).toBeVisible();
  await accessible(page, "#calculator");
});

test("on a phone the verdict stays in sight while the sliders move", async ({ page }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await open(page);
  await page.locator("[data-input=utilization]").scrollIntoViewIfNeeded();
  await expect(page.locator(".strip")).toBeInViewport();
  await expect(page.locator(".strip")).toContainText("Stay on the API");
});

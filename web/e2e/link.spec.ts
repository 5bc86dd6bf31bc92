// A link reproduces the screen, and the back button undoes.

import { box, expect, headline, open, slider, test, total } from "./harness";

test("a shared link reloads to the same verdict and the same sliders", async ({ page }) => {
  await open(page);
  await page.getByRole("tab", { name: "Scale" }).click();
  await slider(page, "utilization").focus();
  for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowLeft");
  await box(page, "ops").fill("98,500");
  await page.getByRole("checkbox", { name: /Bursty load/ }).check();
  await page.getByRole("button", { name: "Share link" }).click();
  await expect(page.getByText("Copied: the link reproduces this screen.")).toBeVisible();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const state = () =>
    page.evaluate(() => ({
      verdict: document.querySelector("#verdict")!.textContent,
      sliders: [...document.querySelectorAll<HTMLInputElement>("input[type=range], .inputs input.number")].map((i) => i.value),
      ledger: document.querySelector(".at-ledger table")!.textContent,
      limits: [...document.querySelectorAll<HTMLInputElement>(".constraints input")].map((i) => i.checked),
    }));
  await expect(total(page, "listed")).toHaveText(/^133,500/); // 35 + 98.5
  await expect(headline(page)).toHaveText("Stay on the API, because the constraints leave nothing else");
  const before = await state();
  await page.goto(link);
  await expect(headline(page)).toHaveText("Stay on the API, because the constraints leave nothing else");
  await expect(total(page, "listed")).toHaveText(/^133,500/);
  expect(await state()).toEqual(before);
});

test("the address holds only what differs, with sorted keys", async ({ page }) => {
  await open(page);
  expect(new URL(page.url()).search).toBe("");
  await box(page, "ops").fill("30000");
  await box(page, "api").fill("50000");
  await expect.poll(() => new URL(page.url()).search).toBe("?api=50000&ops=30000&v=1");
  await box(page, "ops").fill("25000");
  await expect.poll(() => new URL(page.url()).search).toBe("?api=50000&v=1");
});

test("back and forward move between scenarios", async ({ page }) => {
  await open(page);
  await page.getByRole("tab", { name: "Small" }).click();
  await expect(total(page, "listed")).toHaveText("20,000");
  await box(page, "ops").fill("16000");
  await page.getByRole("tab", { name: "Scale" }).click();
  await expect(total(page, "listed")).toHaveText("75,000");
  await page.goBack();
  await expect(total(page, "listed")).toHaveText("21,000"); // with the change that was made there
  await page.goBack();
  await expect(total(page, "listed")).toHaveText("33,000");
  await page.goForward();
  await expect(total(page, "listed")).toHaveText("21,000");
});

test("an anchor keeps what was just changed", async ({ page }) => {
  await open(page);
  await box(page, "api").fill("50000");
  await page.getByRole("navigation").getByRole("link", { name: "Calculator" }).click();
  await expect(box(page, "api")).toHaveValue("50,000");
  expect(page.url()).toContain("api=50000");
});

test("a link with parts that make no sense says so and uses defaults", async ({ page }) => {
  await open(page, "?api=lots&colour=red&book=000000000000&v=1");
  await expect(page.locator(".notices")).toContainText("api=lots");
  await expect(page.locator(".notices")).toContainText("colour=red");
  await expect(page.locator(".notices")).toContainText("price book 000000000000");
  await expect(total(page, "listed")).toHaveText("33,000");
});

test("the theme follows the system, and the reader may choose the other one", async ({ page }) => {
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await open(page);
  const light = await paper();
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await paper();
  expect(dark).not.toBe(light);
  await page.getByRole("button", { name: "Light theme" }).click();
  expect(await paper()).toBe(light);
  await page.reload();
  expect(await paper()).toBe(light);
  await page.getByRole("button", { name: "Dark theme" }).click();
  expect(await paper()).toBe(dark);
});

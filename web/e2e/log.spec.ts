// Decisions on the reader's own workload.

import { expect, log, open, test } from "./harness";

test("a log of an hour gets a verdict, and the page says that it was extrapolated", async ({ page }) => {
  await open(page);
  await page.locator("#log-files").setInputFiles({ name: "calls.csv", mimeType: "text/csv", buffer: log() });
  const decision = page.locator("#decision");
  await expect(decision.locator(".verdict h3")).toBeVisible();
  await expect(decision.locator(".extrapolated")).toContainText("The log does not span a month");
  await expect(decision.locator(".extrapolated")).toContainText("730 hours");
  await expect(decision).toContainText("calls.csv: read as");
  await expect(decision.locator("table.options")).toContainText("Today's API");
  await decision.getByRole("button", { name: "ledger of Today's API" }).click();
  await expect(decision.locator("table.inner")).toContainText("Claude Sonnet 4.6");
  await expect(decision).toContainText("The log's bill, exactly");
});

test("a model without a price is a gap, not a zero", async ({ page }) => {
  await open(page);
  await page.locator("#log-files").setInputFiles({ name: "calls.csv", mimeType: "text/csv", buffer: log("house-model-9") });
  const missing = page.locator("#decision div.missing");
  await expect(missing).toContainText("house-model-9");
  await expect(missing).toContainText("it is not zero");
  await expect(page.locator("#decision")).toContainText("Total, at least");
});

test("a broken log is refused with its place and what to do", async ({ page, trouble }) => {
  trouble.allowed = ["422"];
  await open(page);
  await page
    .locator("#log-files")
    .setInputFiles({ name: "broken.csv", mimeType: "text/csv", buffer: Buffer.from("colour,shape\nred,round\n") });
  const alert = page.locator("#log").getByRole("alert");
  await expect(alert).toContainText("broken.csv");
  await expect(alert).toContainText("map them");
});

test("a workload is decided without a log, under the constraints above, and its link asks again", async ({ page }) => {
  await open(page);
  await page.getByRole("tab", { name: "Without a log" }).click();
  const form = page.getByRole("form", { name: "Describe the workload" });
  await form.getByLabel("Calls a day", { exact: true }).fill("200,000");
  const models = form.getByRole("combobox", { name: "Open models that would do" });
  await models.click();
  await page.keyboard.type("gpt oss 120b");
  await page.keyboard.press("Enter");
  await form.getByRole("button", { name: "Decide" }).click();
  const decision = page.locator("#decision");
  await expect(decision.locator(".verdict h3")).toHaveText("Buy open weights by the token");
  await page.getByRole("checkbox", { name: /Data stays inside/ }).check();
  await expect(decision.locator(".verdict h3")).toHaveText("Serve it on rented GPUs");
  await expect(decision.locator("table.options")).toContainText("Ruled out: data leaves your infrastructure");
  await expect(decision).toContainText("The constraints cost");
  await page.reload();
  await expect(decision.locator(".verdict h3")).toHaveText("Serve it on rented GPUs");
});

test("the example decides, and its link does too", async ({ page }) => {
  await open(page);
  await page.getByRole("button", { name: "Try an example" }).click();
  await expect(page.locator("#decision .verdict h3")).toBeVisible();
  await expect(page.locator("#decision .extrapolated")).toBeVisible();
  expect(new URL(page.url()).search).toBe("?v=1&work.example=1");
  await page.reload();
  await expect(page.locator("#decision .verdict h3")).toBeVisible();
});

test("a log with columns of its own names is read once they are named", async ({ page, trouble }) => {
  trouble.allowed = ["422"];
  await open(page);
  const rows = Array.from(
    { length: 61 },
    (_, i) => `2026-11-17T${String(9 + Math.floor(i / 60)).padStart(2, "0")}:${String(i % 60).padStart(2, "0")}:00Z,${1000 + i},${300 + i}`,
  );
  const file = { name: "ours.csv", mimeType: "text/csv", buffer: Buffer.from(["when_it_was,asked,told", ...rows].join("\n")) };
  await page.locator("#log-files").setInputFiles(file);
  await expect(page.locator("#log").getByRole("alert")).toContainText("map them");
  await page.getByText("How to read the log").click();
  await page.getByLabel("Columns by another name").fill("time=when_it_was, input=asked, output=told");
  await page.locator("#log").getByRole("button", { name: "Decide", exact: true }).click();
  await expect(page.locator("#decision .verdict h3")).toBeVisible();
  await expect(page.locator("#decision")).toContainText("61 of 61 rows are calls");
});

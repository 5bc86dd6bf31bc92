// The page is fast enough to think with: a first verdict in half a second, a moved slider in three frames.
//
// What else the machine does adds to every time and takes from none. So each measurement has a few rounds of
// which the best counts, and the slider's budget grows by what a bare frame of the same page is late.

import { expect, slider, test } from "./harness";

const rounds = 5;

test("the first verdict stands within half a second of navigation", async ({ page, server }) => {
  await page.goto(server); // warms the server's catalog, as any visitor after the first finds it
  await page.locator("#verdict h3").waitFor();
  const times: number[] = [];
  for (let i = 0; i < rounds && !(times.at(-1)! < 500); i++) {
    await page.goto("about:blank");
    await page.goto(server, { waitUntil: "commit" });
    await page.locator("#verdict h3").waitFor();
    times.push(await page.evaluate(() => performance.now()));
  }
  console.log(`  first verdict after ${times.map((t) => t.toFixed(0)).join(", ")} ms`);
  expect(Math.min(...times)).toBeLessThan(500);
});

test("a moved slider repaints verdict, small charts and ledger in under 50 ms at the 95th percentile", async ({ page, server }) => {
  await page.goto(server);
  await page.locator("#verdict h3").waitFor();
  await slider(page, "api").scrollIntoViewIfNeeded();
  test.setTimeout(120_000);
  const over: number[] = [];
  for (let i = 0; i < rounds && !(over.at(-1)! < 0); i++) {
    const t = await page.evaluate(drag, 110);
    const late = Math.max(0, at(t.bare, 0.95) - frame);
    console.log(
      `  slider to repaint over ${t.words.length} steps: ${percentiles(t.words)}; large chart ${percentiles(t.chart)}; a bare frame ${percentiles(t.bare)}`,
    );
    over.push(at(t.words, 0.95) - (budget + late));
  }
  expect(Math.min(...over), "milliseconds over the budget").toBeLessThan(0);
});

const budget = 50;
const frame = 1000 / 60;

const at = (sorted: number[], p: number) => sorted[Math.ceil(p * sorted.length) - 1]!;
const percentiles = (sorted: number[]) => `p50 ${at(sorted, 0.5).toFixed(1)} ms, p95 ${at(sorted, 0.95).toFixed(1)} ms`;

// drag runs in the page. It moves the slider step by step and takes the time from the input event to the frame
// that shows its answer: first in the ledger, then in the large chart. Between the steps it times a bare frame,
// which shows one changed word.
async function drag(steps: number): Promise<{ words: number[]; chart: number[]; bare: number[] }> {
  const input = document.querySelector<HTMLInputElement>("[data-input=api] input[type=range]")!;
  const gap = document.querySelector(".at-ledger tr[data-row=gap] td:nth-child(3)")!;
  const plot = document.querySelector(".at-chart .plot")!;
  const word = document.createElement("b");
  gap.closest("table")!.caption!.append(word);
  const painted = (el: Element) =>
    new Promise<number>((done) => {
      const watch = new MutationObserver(() => {
        watch.disconnect();
        requestAnimationFrame(() => setTimeout(() => done(performance.now())));
      });
      watch.observe(el, { childList: true, characterData: true, subtree: true });
    });
  const step = async (position: number) => {
    const idle = performance.now();
    const bare = painted(word);
    word.textContent = word.textContent === "one" ? "two" : "one";
    const late = (await bare) - idle;
    const words = painted(gap);
    const chart = painted(plot);
    const from = performance.now();
    input.value = String(position);
    input.dispatchEvent(new Event("input", { bubbles: true }));
    return { words: (await words) - from, chart: (await chart) - from, bare: late };
  };
  for (let i = 0; i < 40; i++) await step(100 + 5 * i); // warm up
  const measured: { words: number; chart: number; bare: number }[] = [];
  for (let i = 0; i < steps; i++) measured.push(await step(300 + 5 * i));
  const sorted = (name: "words" | "chart" | "bare") => measured.map((m) => m[name]).sort((a, b) => a - b);
  word.remove();
  return { words: sorted("words"), chart: sorted("chart"), bare: sorted("bare") };
}

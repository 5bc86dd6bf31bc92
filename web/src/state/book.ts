// The price book's models and the open weights, asked for once, when a part of the page that shows them comes near.

import { computed, signal } from "@preact/signals";
import { asProblem, get, type Problem } from "../api/client";
import type { LogFormat, OpenModel, PriceRow } from "../api/types";
import { short } from "../format";
import type { Choice } from "../ui/Combobox";

export const prices = signal<PriceRow[] | null>(null);
export const models = signal<OpenModel[] | null>(null);
export const formats = signal<LogFormat[] | null>(null);
export const bookProblem = signal<Problem | null>(null);

let asked = false;

export async function loadBook(): Promise<void> {
  if (asked) return;
  asked = true;
  bookProblem.value = null;
  try {
    const [rows, open, known] = await Promise.all([
      get<PriceRow[]>("/api/v1/prices"),
      get<OpenModel[]>("/api/v1/models"),
      get<LogFormat[]>("/api/v1/usage/formats"),
    ]);
    prices.value = rows;
    models.value = open;
    formats.value = known;
  } catch (error) {
    asked = false;
    bookProblem.value = asProblem(error);
  }
}

export const priceText = (r: PriceRow) =>
  r.input_usd_per_million && r.output_usd_per_million
    ? `$${r.input_usd_per_million} in, $${r.output_usd_per_million} out`
    : "no token price";

// vendors sell their own models; the others host them. Their models come first in a list.
const vendors = ["anthropic", "openai", "google", "mistral", "xai", "deepseek"];
export const rank = (provider: string) => (vendors.includes(provider) ? vendors.indexOf(provider) : vendors.length);

export const providers = computed(() =>
  [...new Set((prices.value ?? []).map((r) => r.provider))].toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1)),
);

export const pricedChoices = computed<Choice[]>(() =>
  (prices.value ?? [])
    .filter((r) => !r.unpriced)
    .toSorted((a, b) => rank(a.provider) - rank(b.provider))
    .map((r) => ({
      id: `${r.provider}/${r.model}`,
      name: `${r.name ?? r.model} (${r.provider})`,
      detail: priceText(r),
      words: `${r.provider}/${r.model} ${r.name ?? ""}`.toLowerCase(),
    })),
);

export const openChoices = computed<Choice[]>(() =>
  (models.value ?? []).map((m) => ({
    id: m.id,
    name: m.name,
    detail: `${short(m.parameters)} parameters, ${m.hosts.length === 0 ? "no host in the price book" : m.hosts.length === 1 ? "1 host" : `${m.hosts.length} hosts`}`,
    words: `${m.id} ${m.name}`.toLowerCase(),
  })),
);

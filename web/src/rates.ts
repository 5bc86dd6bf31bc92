// Rates in words: what a unit is, what it costs, who says so.

import type { ChangeClass, PriceChange, Standing } from "./api/types";
import { exact, words } from "./format";

const kinds: Record<string, string> = {
  cache_read: "cached input",
  cache_write: "cache write",
  cache_write_5m: "cache write, 5 minutes",
  cache_write_1h: "cache write, 1 hour",
  web_search: "web searches",
  request: "requests",
  machine_hour: "an hour of the machine",
};

export const kindName = (kind: string) => kinds[kind] ?? words(kind);

// The kinds of a price list in the order in which people ask for them.
const order = ["input", "output", "cache_read", "cache_write_5m", "cache_write_1h", "cache_write"];
export const kindRank = (kind: string) => {
  const i = order.indexOf(kind);
  return i < 0 ? order.length : i;
};

// scales are the kinds that nobody prices by the million: the power of ten that leads to what is said, and the words.
const scales: Record<string, { power: number; per: string }> = {
  web_search: { power: -3, per: "per 1,000" },
  request: { power: -3, per: "per 1,000" },
  machine_hour: { power: -6, per: "" },
};

export const per = (kind: string) => scales[kind]?.per ?? "";

// shift moves the point of decimal text, exactly.
function shift(text: string, power: number): string {
  if (power >= 0) return text;
  const [whole = "0", fraction = ""] = text.split(".");
  const padded = whole.padStart(1 - power, "0");
  const cut = padded.length + power;
  const rest = (padded.slice(cut) + fraction).replace(/0+$/, "");
  return padded.slice(0, cut) + (rest && "." + rest);
}

// cents gives decimal text two places at least, where it has any.
const cents = (text: string) => (/\.\d$/.test(text) ? text + "0" : text);

// rate writes a rate as people say it: $3, $0.25, $10 per 1,000.
export function rate(text: string, kind = ""): string {
  const s = scales[kind];
  const amount = "$" + exact(cents(shift(text, s?.power ?? 0)));
  return s?.per ? `${amount} ${s.per}` : amount;
}

const places = 4;

// inColumn writes a rate so that points stand under each other: two places at least, and blanks as wide as digits for
// the two that most rates lack.
export function inColumn(text: string): string {
  const [whole = "", fraction = ""] = text.split(".");
  const shown = fraction.padEnd(2, "0");
  return exact(`${whole}.${shown}`) + "\u2007".repeat(Math.max(0, places - shown.length));
}

interface Named {
  tier: string;
  route?: string;
  above?: number;
  inclusive?: boolean;
  window?: string;
}

// aside says which part of a price list a rate is in, where that is not its plain part.
export function aside(k: Named): string {
  return [
    k.tier === "standard" || k.tier === "on_demand" ? "" : words(k.tier),
    k.route ?? "",
    k.above ? `prompts ${k.inclusive ? "from" : "above"} ${k.above.toLocaleString("en-US")} tokens` : "",
    k.window ?? "",
  ]
    .filter(Boolean)
    .join(", ");
}

// standings are in the order in which a table sorts them.
export const standings: Standing[] = ["verified", "stale", "single", "unstated", "disputed"];

export const standingName: Record<Standing, string> = {
  verified: "verified",
  single: "one source",
  stale: "long ago",
  unstated: "not stated",
  disputed: "disputed",
};

export const standingMeans: Record<Standing, string> = {
  verified: "Two independent sources or more agree within half a per cent, and the newest reading of one is at most a week old.",
  single: "One source states it.",
  stale: "Independent sources agree, and were read too long ago to verify anything.",
  unstated: "No source states it: a rule gives it, or a curated entry.",
  disputed: "Sources tie, or one is ten times apart, or they agree on another rate than the price book holds.",
};

export const classes: ChangeClass[] = ["price_change", "unit_fix", "zero_fill", "revert", "regional_uplift", "addition", "removal"];

// edits are the classes of a value that became another one.
export const edits: ChangeClass[] = classes.slice(0, 5);

export const className: Record<ChangeClass, string> = {
  price_change: "price change",
  unit_fix: "unit fix",
  zero_fill: "zero fill",
  revert: "revert",
  regional_uplift: "regional uplift",
  addition: "addition",
  removal: "removal",
};

export const classMeans: Record<ChangeClass, string> = {
  price_change: "anything else: the table says that the vendor charges another price",
  unit_fix: "the ratio is a power of ten: a slip of units, or its correction",
  zero_fill: "from or to zero, which in tables often stands for “not set”",
  revert: "away from a value and back to it within thirty days; both halves are marked",
  regional_uplift: "ten per cent either way: the rate of another route",
  addition: "the table states a rate for the first time",
  removal: "the table no longer states it",
};

const parts: Record<string, string> = { "-1": "a tenth", "-2": "a hundredth", "-3": "a thousandth", "-6": "a millionth" };

// why is the reason of a class, as people write it.
export const why = (c: PriceChange) =>
  c.why
    .replace(/^-(\d)/, "−$1")
    .replace(/(\d) %/, "$1\u00a0%")
    .replace(
      /^10\^([+-]\d+) times/,
      (_, power: string) => parts[power] ?? `${(10 ** Number(power)).toLocaleString("en-US", { maximumFractionDigits: 12 })} times`,
    );

// address is where a piece of evidence can be read: its own address, or the snapshot that it names.
export function address(evidence: string | undefined): string | undefined {
  if (!evidence) return undefined;
  if (/^https?:/.test(evidence)) return evidence;
  const found = /^snapshot ([0-9a-f]{64})$/.exec(evidence);
  return found ? `/api/v1/prices/snapshots/${found[1]}` : undefined;
}

// told says what an address is.
export const told = (address: string) => (address.startsWith("/") ? "snapshot" : /\/commit\//.test(address) ? "revision" : "page");

const vendorNames: Record<string, string> = {
  alibaba: "Alibaba Cloud",
  anthropic: "Anthropic",
  azure: "Azure",
  bedrock: "Amazon Bedrock",
  cerebras: "Cerebras",
  cohere: "Cohere",
  deepseek: "DeepSeek",
  fireworks: "Fireworks",
  google: "Google",
  groq: "Groq",
  minimax: "MiniMax",
  mistral: "Mistral",
  moonshot: "Moonshot",
  openai: "OpenAI",
  perplexity: "Perplexity",
  together: "Together",
  vertex: "Vertex AI",
  xai: "xAI",
  zai: "Z.ai",
};

export const vendorName = (provider: string) => vendorNames[provider] ?? provider;

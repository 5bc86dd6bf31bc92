// Numbers as people read them. Nothing here works a figure out; it only writes one down.

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const cents = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const three = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });
const six = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 6 });
const twoPlaces = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });

const minus = "−";

const signed = (v: number, text: string) => (v < 0 ? minus + text : text);

// dollars writes an amount of a ledger: whole where there are no cents.
export function dollars(v: number, withCents = !Number.isInteger(v)): string {
  return signed(v, "$" + (withCents ? cents : whole).format(Math.abs(v)));
}

// amount is the same without the dollar sign, for a column whose head has it.
export function amount(v: number, withCents = !Number.isInteger(v)): string {
  return signed(v, (withCents ? cents : whole).format(Math.abs(v)));
}

// hasCents says whether a column has to show cents so that its figures line up.
export const hasCents = (values: readonly number[]) => values.some((v) => !Number.isInteger(v));

// roundDollars is for prose and chart labels: three significant digits.
export const roundDollars = (v: number) => signed(v, "$" + three.format(Math.abs(v)));

// shortDollars is for ticks: $40K, $1.5M.
export const shortDollars = (v: number) => signed(v, "$" + compact.format(Math.abs(v)));

export const plain = (v: number) => twoPlaces.format(v);
export const number = (v: number) => six.format(v);
export const rounded = (v: number) => three.format(v);
export const count = (v: number) => whole.format(v);
// several counts things: 1 model, 2 models.
export const several = (n: number, thing: string) => `${count(n)} ${n === 1 ? thing : thing + "s"}`;
export const short = (v: number) => compact.format(v);
export const percent = (v: number) => three.format(v * 100) + "\u00a0%";
// latency writes seconds as people say them: 604 ms, 1.1 s.
export const latency = (seconds: number) => (seconds < 1 ? `${three.format(seconds * 1000)}\u00a0ms` : `${three.format(seconds)}\u00a0s`);
export const times = (v: number) => three.format(v) + "×";

// exact writes decimal text as it is, with thousands separated.
export function exact(text: string): string {
  const [, sign = "", digits = text, fraction = ""] = /^(-?)(\d+)(\.\d+)?$/.exec(text) ?? [];
  return (sign ? minus : "") + digits.replace(/\B(?=(\d{3})+(?!\d))/g, ",") + fraction;
}

// aligned writes a column of decimal texts so that their points stand under each other: what a fraction lacks is
// filled with spaces as wide as a digit and a point.
export function aligned(texts: readonly string[]): string[] {
  const fraction = (t: string) => t.split(".")[1]?.length ?? 0;
  const most = Math.max(0, ...texts.map(fraction));
  return texts.map((t) => {
    const n = fraction(t);
    return exact(t) + (n === 0 && most > 0 ? "\u2008" : "") + "\u2007".repeat(most - n);
  });
}

// toCents shortens decimal text to cents for a headline; smaller amounts keep three digits that matter.
export function toCents(text: string): string {
  const v = Number(text);
  if (v !== 0 && Math.abs(v) < 0.995) return signed(v, "$" + three.format(Math.abs(v)));
  return dollars(v, true);
}

// term writes the number of a formula in its unit.
export function term(value: number, unit = ""): string {
  if (unit.startsWith("USD")) return "$" + number(value) + unit.slice(3);
  if (unit === "share") return number(value * 100) + "\u00a0%";
  if (unit === "x") return number(value) + "×";
  return unit ? `${number(value)} ${unit}` : number(value);
}

// tied keeps a number and its percent sign on one line.
export const tied = (sentence: string) => sentence.replace(/(\d) %/g, "$1\u00a0%");

// capital begins a sentence.
export const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

// words turns an identifier into words.
export const words = (id: string) => id.replaceAll("_", " ");

const dayFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

export const day = (iso: string) => dayFormat.format(new Date(iso));

// parse reads what people type into a number box: 40,000 or 40k or $1.5M or 37 %. It returns NaN for
// anything else.
export function parse(text: string): number {
  const found = /^\$?\s*(-?\d*\.?\d+)\s*([kKmM]?)\s*%?$/.exec(text.replaceAll(",", "").replaceAll(" ", "").replace(minus, "-"));
  if (!found) return NaN;
  const unit = { "": 1, k: 1e3, m: 1e6 }[found[2]!.toLowerCase() as "" | "k" | "m"];
  return Number(found[1]) * unit;
}

// A slider's position against the value that it stands for.

export interface Range {
  min: number;
  max: number;
  log: boolean;
  share: boolean;
}

// steps is how finely a pointer can move a slider; a key moves it by a hundredth of its range.
export const steps = 1000;

export function toPosition(range: Range, value: number): number {
  const v = Math.min(range.max, Math.max(range.min, value));
  const x = range.log ? Math.log(v / range.min) / Math.log(range.max / range.min) : (v - range.min) / (range.max - range.min);
  return x * steps;
}

export function toValue(range: Range, position: number): number {
  if (position <= 0) return range.min;
  if (position >= steps) return range.max;
  const x = position / steps;
  const v = range.log ? range.min * (range.max / range.min) ** x : range.min + x * (range.max - range.min);
  return tidy(v, range.share);
}

// tidy keeps a slider's values at figures that a person would write: three digits, and tenths of a percent.
function tidy(v: number, share: boolean): number {
  if (share) return Math.round(v * 1000) / 1000;
  if (v === 0) return 0;
  const unit = 10 ** (Math.floor(Math.log10(Math.abs(v))) - 2);
  return Math.round(Math.round(v / unit) * unit * 100) / 100;
}

// moves are the keys of a slider, in hundredths of its range.
const moves: Record<string, number> = {
  ArrowRight: 1,
  ArrowUp: 1,
  ArrowLeft: -1,
  ArrowDown: -1,
  PageUp: 10,
  PageDown: -10,
  Home: -100,
  End: 100,
};

// moved is the value after a key, and undefined where the key moves nothing. A step always changes the value,
// also where rounding would swallow it.
export function moved(range: Range, value: number, key: string): number | undefined {
  const by = moves[key];
  if (by === undefined) return undefined;
  return toValue(range, Math.min(steps, Math.max(0, toPosition(range, value) + (by * steps) / 100)));
}

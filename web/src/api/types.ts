// The JSON API's types, as the Go structs tag them. Optional members are those that Go omits when empty.
// Money that someone bills comes as decimal text; estimates and amounts of a ledger come as numbers.

export type Kind = "published" | "measured" | "derived" | "inferred" | "assumed" | "user";

export interface Provenance {
  kind: Kind;
  source?: string;
  url?: string;
  date?: string;
  rule?: string;
}

export interface Stamp {
  version: string;
  snapshot: string;
  as_of: string;
}

// Ledgers

export interface Term {
  name: string;
  value: number;
  unit?: string;
  provenance: Provenance;
}

export interface Line {
  id: string;
  label: string;
  usd_per_month: number;
  times: Term[];
  over?: Term[];
  formula: string;
  provenance: Provenance;
  note?: string;
}

export interface Ledger {
  lines: Line[];
  total_usd_per_month: number;
}

// The quick formula

export interface Parts {
  api: number;
  gpu: number;
  ops: number;
  tooling: number;
  utilization: number;
  design_utilization: number;
}

export type PartName = keyof Parts;

export interface QuickInput {
  id: PartName;
  label: string;
  unit: string;
  min: number;
  max: number;
  log: boolean;
  default: number;
  why: string;
  source: string;
}

export type Winner = "api" | "self_host" | "even" | "none";

export interface Reading {
  id: "as_listed" | "all_terms";
  title: string;
  explains: string;
  api: Ledger;
  self_host: Ledger;
  gap_usd_per_month: number;
  winner: Winner;
  sentence: string;
}

export interface Flip {
  input: string;
  label: string;
  from: number;
  to: number;
  unit: string;
  relative: number;
  sentence: string;
}

export interface Reason {
  constraint: string;
  why: string;
}

export interface QuickAnswer {
  input: Parts;
  vendor: string;
  notes: string[];
  as_listed: Reading;
  all_terms: Reading;
  readings_agree: boolean;
  break_even: {
    scale?: number;
    api_usd_per_month?: number;
    never?: string;
    utilization?: number;
    no_utilization?: string;
  };
  flips: Flip[];
  curve: { scale: number; api_usd_per_month: number; self_host_usd_per_month: number }[];
  recommendation: {
    winner: Winner;
    headline: string;
    sentence: string;
    api_ruled_out: Reason[];
    self_host_ruled_out: Reason[];
    price_of_constraints_usd_per_month: number;
  };
  sweeps?: Sweep[];
}

export interface Sweep {
  input: PartName;
  points: SweepPoint[];
}

export interface SweepPoint {
  value: number;
  gap_usd_per_month: number;
}

// Constraints and presets

export interface ConstraintSet {
  elastic?: boolean;
  model_quality?: boolean;
  compliance?: string[];
  attested?: string[];
  data_inside?: boolean;
  low_latency?: boolean;
  portable?: boolean;
  no_mlops?: boolean;
}

export type ConstraintName = keyof ConstraintSet;

export interface Constraint {
  id: ConstraintName;
  label: string;
  question: string;
  effect: string;
  caveat?: string;
}

export interface Preset {
  id: string;
  group: "team" | "application";
  name: string;
  story: string;
  claim: string;
  says: string;
  contests: boolean;
  assumed?: string;
  parts: Parts;
  constraints?: ConstraintSet;
  answer: QuickAnswer;
}

// Prices

// Standing is how far independent sources confirm a rate.
export type Standing = "verified" | "stale" | "single" | "disputed" | "unstated";

export interface PriceRow {
  provider: string;
  model: string;
  name?: string;
  route?: string;
  tier: string;
  weights?: string;
  input_usd_per_million?: string;
  cache_read_usd_per_million?: string;
  output_usd_per_million?: string;
  evidence?: Provenance;
  standing: Standing;
  checked?: string;
  tiers: string[];
  context_bands: boolean;
  context_window?: number;
  retired?: string;
  unpriced?: boolean;
  aliases: number;
}

export interface PriceDetail {
  stamp: Stamp;
  provider: string;
  model: string;
  name?: string;
  aliases: string[];
  weights?: string;
  sheets: Sheet[];
  agree?: string[];
  differ?: string[];
}

export interface Sheet {
  id: string;
  route?: string;
  tier: string;
  effective: Interval;
  recorded?: Interval;
  in_force: boolean;
  bands: Band[];
  windows?: WindowBands[];
  note?: string;
}

export interface Interval {
  from?: string;
  to?: string;
}

export interface WindowBands {
  window: string;
  bands: Band[];
}

export interface Band {
  at_least_input_tokens: number;
  rates: { kind: string; usd_per_million: string; provenance: Provenance }[];
}

export interface CalcAnswer {
  stamp: Stamp;
  provider: string;
  model: string;
  name: string;
  matched_loosely?: boolean;
  per_call_usd: string;
  per_day_usd: string;
  per_month_usd: string;
  per_year_usd: string;
  lines: CalcLine[];
  complete: boolean;
  missing: string[];
  notes: string[];
}

export interface CalcLine {
  kind: string;
  billed_as: string;
  tier: string;
  per_year: number;
  usd_per_million: string;
  per_year_usd: string;
  provenance: Provenance;
}

// The registry of prices

export interface RegistryStamp {
  database: "embedded" | "sqlite" | "postgres";
  changes: number;
  hash?: string;
  checked?: string;
}

// RateKey names one rate: what is sold, and which part of its price.
interface RateKey {
  provider: string;
  route?: string;
  model: string;
  tier: string;
  kind: string;
  above?: number;
  inclusive?: boolean;
  window?: string;
}

export interface PriceHistory {
  stamp: Stamp;
  registry: RegistryStamp;
  provider: string;
  model: string;
  name?: string;
  known_as_of?: string;
  since?: string;
  rates: RateHistory[];
  changes: PriceChange[];
}

export interface RateHistory extends RateKey {
  book: BookStep[];
  sources: SourceSteps[];
  decision: Resolution;
}

export interface BookStep {
  effective: Interval;
  recorded?: Interval;
  usd_per_million: string;
  provenance: Provenance;
  in_force: boolean;
}

export interface SourceSteps {
  source: string;
  title: string;
  steps: RateStep[];
}

export interface RateStep {
  usd_per_million: string;
  recorded: Interval;
  effective?: Interval;
  in_force_since?: Since;
  named: string;
  evidence?: string;
  snapshot?: string;
}

export interface Since {
  at: string;
  provenance: Provenance;
}

export type Outcome = "vendor" | "majority" | "single" | "derived" | "review" | "unknown";

export interface Resolution {
  outcome: Outcome;
  usd_per_million?: string;
  why: string;
  agree: Statement[];
  differ: Statement[];
  verified: boolean;
  outlier?: boolean;
}

export interface Statement {
  source: Speaker;
  usd_per_million: string;
  provenance: Kind;
  supports_only?: boolean;
  since?: string;
  seen?: string;
  effective_from?: string;
  url?: string;
}

export interface Speaker {
  id: string;
  title: string;
  url?: string;
  group?: string;
  vendor?: boolean;
}

export type ChangeClass = "price_change" | "unit_fix" | "zero_fill" | "revert" | "regional_uplift" | "addition" | "removal";

export interface PriceChange extends RateKey {
  at: string;
  old_usd_per_million?: string;
  new_usd_per_million?: string;
  class: ChangeClass;
  why: string;
  source: string;
  ours: OurModel[];
  evidence?: string;
  seq?: number;
  snapshot?: string;
}

export interface OurModel {
  provider: string;
  model: string;
  route?: string;
}

export interface ChangesAnswer {
  registry: RegistryStamp;
  total: number;
  classes: Partial<Record<ChangeClass, number>>;
  changes: PriceChange[];
}

export interface VerifyAnswer {
  stamp: Stamp;
  registry: RegistryStamp;
  max_age_days: number;
  vendors_verified: number;
  vendors: number;
  verification: Verification[];
  machines: Verification[];
  sources: PriceSource[];
  rates?: BoardRow[];
}

export interface Verification {
  provider: string;
  rates: number;
  verified: number;
  single: number;
  disputed: number;
  review: number;
  differs: number;
  unstated: number;
  last_verified?: string;
  fresh: boolean;
  vendor_verified: boolean;
}

export interface PriceSource {
  id: string;
  title: string;
  url?: string;
  voice: string;
  vendor?: boolean;
  rates: number;
  first?: string;
  checked?: string;
  outcome: "embedded" | "ok" | "unchanged" | "failed" | "running";
  error?: string;
  failed?: string;
}

export interface BoardRow extends RateKey {
  book_usd_per_million: string;
  provenance: Provenance;
  decision: Resolution;
  checked?: string;
  differs?: boolean;
}

export interface ReviewItem extends BoardRow {
  reason: "tie" | "outlier" | "book";
  do: string;
}

export interface ReviewAnswer {
  registry: RegistryStamp;
  counts: Record<string, number>;
  queue: ReviewItem[];
}

export interface DerivedRate {
  provider: string;
  model: string;
  name?: string;
  route?: string;
  tier: string;
  kind: string;
  usd_per_million: string;
  provenance: Provenance;
}

export interface AuditAnswer {
  sound: boolean;
  broken?: string;
  database: string;
  head: Head;
  known: Head[];
  snapshots: number;
  runs: number;
  facts: number;
}

export interface Head {
  seq: number;
  hash: string;
}

export interface GPUSeries {
  id: string;
  title: string;
  accelerator?: string;
  term: string;
  vendor?: string;
  region?: string;
  instance?: string;
  points: GPUPoint[];
  provenance: Provenance;
}

export interface GPUPoint {
  month: string;
  usd_per_gpu_hour: string;
}

// Decisions

export interface OpenModel {
  id: string;
  name: string;
  parameters: number;
  active_parameters: number;
  max_context: number;
  licence?: string;
  hosts: string[];
}

export interface LogFormat {
  name: string;
  title: string;
  detect: string;
}

export interface Scenario {
  version: 1;
  workload?: {
    input: number;
    output: number;
    calls_per_day?: number;
    spend?: number;
    cached_share?: number;
  };
  current?: { model?: string };
  candidates?: { model: string }[];
  constraints?: ConstraintSet;
}

export type OptionKind = "current_api" | "hosted_open" | "rented_gpus" | "hybrid";

export interface Option {
  id: string;
  kind: OptionKind;
  name: string;
  vendor?: string;
  weights?: string;
  ledger: Ledger;
  feasible: boolean;
  reasons: Reason[];
  changes_model: boolean;
  replicas?: number;
  gpus?: number;
  served_share?: number;
  mean_utilization?: number;
  limit?: string;
  missing?: string[];
  notes?: string[];
}

export interface Alternative {
  id: string;
  kind: OptionKind;
  name: string;
  total_usd_per_month: number;
  replicas?: number;
  gpus?: number;
  complete: boolean;
}

export interface BreakEven {
  kind: "rented_gpus" | "hybrid";
  fleet: string;
  against: string;
  first_scale?: number;
  for_good_scale?: number;
  api_usd_per_month?: number;
  replicas?: number;
  never?: string;
  sentence: string;
}

export interface Curve {
  option: string;
  kind: OptionKind;
  name: string;
  steps: boolean;
  points: { scale: number; usd_per_month: number }[];
}

export interface Decision {
  verdict: {
    option?: string;
    kind?: OptionKind;
    headline: string;
    sentence: string;
    saves_usd_per_month: number;
    next_best?: string;
    margin_usd_per_month: number;
    price_of_constraints_usd_per_month: number;
    confidence: "low" | "medium" | "high";
    confidence_why: string;
    flips: Flip[];
  };
  options: Option[];
  alternatives: Alternative[];
  break_evens: BreakEven[];
  curves: Curve[];
  constraints: string[];
}

export interface LogFile {
  name: string;
  format: string;
  format_why: string;
  rows: number;
  calls: number;
  skipped: number;
  faulty: number;
  skips?: Skip[];
  faults?: RowError[];
  quantum_ns?: number;
  input: "detect" | "includes" | "excludes";
  input_why?: string;
  grain: "request" | "bucket";
  bucket_ns?: number;
  columns?: FieldName[];
  notes?: string[];
}

// Skip counts rows that are no calls, for one reason.
export interface Skip {
  why: string;
  rows: number;
}

export interface RowError {
  file: string;
  line: number;
  field?: string;
  value?: string;
  problem: string;
  hint?: string;
}

export interface FieldName {
  field: string;
  name: string;
}

export interface WorkloadAnswer {
  source: "log" | "scenario";
  sentence: string;
  extrapolated: boolean;
  month_factor: number;
  requests_per_month?: number;
  input_tokens_per_month: number;
  output_tokens_per_month: number;
  mean_input_tokens?: number;
  mean_output_tokens?: number;
  cached_share: number;
  peak_to_mean: number;
  bucket: string;
  load: number[];
  files?: LogFile[];
}

export interface BillLine {
  provider: string;
  model: string;
  route?: string;
  tier: string;
  kind: string;
  billed_as: string;
  quantity: number;
  usd_per_million: string;
  usd: string;
  at_least_input_tokens?: number;
  provenance: Provenance;
}

export interface MissingPrice {
  file?: string;
  provider?: string;
  model: string;
  kind?: string;
  rows: number;
  requests?: number;
  tokens: number;
  tier: string;
  why: string;
}

export interface Bill {
  total_usd: string;
  complete: boolean;
  lines: BillLine[];
  missing: MissingPrice[];
  notes: string[];
}

export interface FleetFinding {
  model: string;
  accelerator: string;
  machine?: string;
  gpus?: number;
  requests_per_second?: number;
  usd_per_gpu_hour?: number;
  limit?: string;
  low?: number;
  high?: number;
  price_provenance?: Provenance;
  dropped?: string;
}

export interface DecideAnswer {
  stamp: Stamp;
  workload?: WorkloadAnswer;
  bill?: Bill;
  decision?: Decision;
  fleets?: FleetFinding[];
  notes: string[];
}

// Fleets

export interface Accelerator {
  id: string;
  name: string;
  vendor: string;
  memory_gib: number;
}

export interface EngineAnswer {
  name: string;
  model: string;
  gpu: string;
  precision: string;
  tensor_parallel: number;
  data_parallel: number;
  expert_parallel: boolean;
  gpus: number;
  weights_gb: number;
  cache_gb: number;
  cache_tokens: number;
}

export interface LatencyTarget {
  ttft_seconds?: number;
  ttft_share?: number;
  tpot_ms?: number;
  tpot_share?: number;
}

export interface SyntheticLoad {
  requests_per_second: number;
  input: number;
  output: number;
  input_cv?: number;
  output_cv?: number;
  cached_share?: number;
}

export interface TraceAnswer {
  source: "log" | "synthetic";
  sentence: string;
  requests: number;
  span_seconds: number;
  requests_per_second: number;
  mean_input_tokens: number;
  mean_output_tokens: number;
  input_cv: number;
  output_cv: number;
  cached_share: number;
  requests_in_log?: number;
}

export interface TrustInterval {
  low: number;
  high: number;
  rows?: number;
  extrapolates: string[];
  provenance: Provenance;
}

export interface Trust {
  calibrated: boolean;
  engine: string;
  versions?: string;
  sentence: string;
  throughput: TrustInterval;
  ttft?: TrustInterval;
  tpot?: TrustInterval;
  provenance: Provenance;
}

export interface Percentiles {
  mean: number;
  p50: number;
  p90: number;
  p95: number;
  p99: number;
  max: number;
}

export interface LateCount {
  ttft: number;
  ttft_allowed: number;
  tpot: number;
  tpot_allowed: number;
}

export interface EndCount {
  how: string;
  requests: number;
}

export interface ReplicaAnswer {
  completed: number;
  busy_share: number;
  cache_share: number;
  cache_peak_share: number;
  peak_waiting: number;
  preemptions: number;
}

export interface Series {
  bucket_seconds: number;
  waiting: number[];
  running: number[];
  busy_share: number[];
  cache_share: number[];
  ttft_p50_seconds: number[];
  ttft_p99_seconds: number[];
  tpot_p50_ms: number[];
  tpot_p99_ms: number[];
}

export interface SimulateAnswer {
  engine: EngineAnswer;
  trust: Trust;
  replicas: number;
  gpus: number;
  routing: "least_loaded" | "round_robin" | "prefix_affinity";
  target: LatencyTarget;
  workload: TraceAnswer;
  met: boolean;
  sentence: string;
  ends: EndCount[];
  ttft_seconds: Percentiles;
  tpot_ms: Percentiles;
  total_seconds: Percentiles;
  late: LateCount;
  good_requests_per_second: number;
  good_share: number;
  preemptions: number;
  busy_share: number;
  cache_peak_share: number;
  fleet: ReplicaAnswer[];
  gpu_hours: number;
  kwh?: number;
  series: Series;
  notes: string[];
  provenance: Provenance;
}

export interface CapacityPoint {
  requests_per_second: number;
  met: boolean;
  ttft_seconds: Percentiles;
  tpot_ms: Percentiles;
  busy_share: number;
  cache_share: number;
}

export interface CapacityAnswer {
  engine: EngineAnswer;
  trust: Trust;
  target: LatencyTarget;
  requests_per_second: number;
  requests_per_second_low: number;
  requests_per_second_high: number;
  limit: string;
  reason: string;
  curve: CapacityPoint[];
  simulations: number;
  simulated_requests: number;
  provenance: Provenance;
}

export interface Offer {
  vendor: string;
  region: string;
  instance: string;
  gpus: number;
  term: string;
  usd_per_hour: string;
  provenance: Provenance;
}

export interface PlanFleet {
  engine: EngineAnswer;
  trust: Trust;
  status: "cheapest" | "holds" | "dearer" | "floor" | "misses" | "no_fit";
  why: string;
  offer?: Offer;
  machines?: number;
  replicas?: number;
  gpus?: number;
  usd_per_hour?: string;
  usd_per_month?: string;
  ttft_seconds?: number;
  tpot_ms?: number;
  busy_share?: number;
  floor_replicas?: number;
  floor_usd_per_hour?: string;
}

export interface PlanVariant {
  machines: number;
  usd_per_hour: string;
  usd_per_month: string;
  why: string;
}

export interface PlanElastic {
  met: boolean;
  why: string;
  least_replicas?: number;
  most_replicas?: number;
  machine_hours?: number;
  usd_per_month?: number;
  saving_share?: number;
  ttft_seconds?: number;
  tpot_ms?: number;
  policies_tried: number;
}

export interface PlanRange {
  reading: string;
  machines?: number;
  usd_per_month?: string;
  why?: string;
}

export interface PlanAnswer {
  target: LatencyTarget;
  workload: TraceAnswer;
  sentence: string;
  proof: string;
  best: PlanFleet;
  spare: PlanVariant;
  elastic?: PlanElastic;
  range: PlanRange[];
  candidates: PlanFleet[];
  fleets: number;
  engines: number;
  simulations: number;
  simulated_requests: number;
  notes: string[];
  provenance: Provenance;
}

export interface Progress {
  phase: string;
  done: number;
  of: number;
  calls: number;
  best?: string;
}

// Usage

export interface UsageAnswer {
  stamp: Stamp;
  files: LogFile[];
  by: string[];
  rows: UsageRow[];
  total: UsageRow;
  changes: PriceEffect[];
  bill: Bill;
  notes: string[];
}

export interface UsageRow {
  group?: Record<string, string>;
  rows: number;
  requests?: number;
  tokens: Record<string, number>;
  input_tokens: number;
  output_tokens: number;
  usd?: string;
  complete: boolean;
  reported_usd?: string;
}

// PriceEffect is what a change of a price did to the log's cost since: below zero where it saved money.
export interface PriceEffect {
  at: string;
  provider: string;
  model: string;
  route?: string;
  tier: string;
  rows: number;
  usd_effect: string;
  complete: boolean;
  text: string;
}

export interface ProfileAnswer {
  stamp: Stamp;
  files: LogFile[];
  workload: Character;
  level: string;
  usd?: string;
  complete: boolean;
  spend: Spend[];
  missing: MissingPrice[];
  notes: string[];
}

export interface Character {
  profile: Profile;
  rates: WindowRate[];
  week?: Week;
  input_fit?: LogNormal;
  new_input_fit?: LogNormal;
  output_fit?: LogNormal;
  batchable?: Batchable;
  growth?: Growth;
  answers: Answer[];
}

export interface Profile {
  calls: number;
  requests: number | null;
  failed?: number;
  start?: string;
  end?: string;
  relative: boolean;
  span_hours?: number;
  resolution: "L0" | "L1" | "L2" | "L3";
  cache_share?: number;
  batch_share?: number;
  input?: Lengths;
  new_input?: Lengths;
  output?: Lengths;
  rate_per_second?: number;
  peak_hour?: Peak;
  peak_to_mean?: AtWindow[];
  index_of_dispersion?: AtWindow[];
  iat_cv?: number;
  iat_cv_at_ticks?: number;
  quantum_ns?: number;
}

export interface Lengths {
  n: number;
  mean: number;
  cv: number;
  p50: number;
  p90: number;
  p99: number;
  max: number;
}

export interface Peak {
  hour?: string;
  requests: number | null;
  input_tokens: number;
  output_tokens: number;
  to_mean: number;
}

export interface AtWindow {
  window_seconds: number;
  value: number;
}

export interface WindowRate {
  window_seconds: number;
  mean: number;
  most: number;
}

export interface Week {
  by: "requests" | "tokens";
  hours: WeekHour[];
}

// WeekHour is one of the 168 hours of a week, of those that the log covers; day 1 is Monday.
export interface WeekHour {
  day: number;
  hour: number;
  seen_hours: number;
  per_hour: number;
  to_mean: number;
}

export interface LogNormal {
  n: number;
  p99: number;
  p99_of_mean_and_cv: number;
  distance: number;
}

export interface Batchable {
  least: number;
  most: number;
}

export interface Growth {
  by: "requests" | "tokens";
  weeks: number;
  per_month: number;
  low: number;
  high: number;
}

export interface Answer {
  question: string;
  can: "yes" | "range" | "no";
  why: string;
}

export interface Spend {
  by: "model" | "project" | "user";
  rows: SpendShare[];
}

export interface SpendShare {
  name: string;
  others?: number;
  rows: number;
  input_tokens: number;
  output_tokens: number;
  usd?: string;
  share?: number;
  complete: boolean;
}

// Kept is what calls the server keeps.
export interface Kept {
  where: string;
  rows: number;
  first_start?: string;
  last_start?: string;
  contents: KeptContent[];
  imports: Receipt[];
}

export interface KeptContent {
  provider?: string;
  model: string;
  region?: string;
  tier: string;
  rows: number;
  first_start: string;
  last_start: string;
}

// Receipt says what became of the rows of an import.
export interface Receipt {
  id: string;
  name: string;
  at: string;
  rows: number;
  added: number;
  same: number;
  replaced: number;
  withheld: number;
}

export interface ImportAnswer {
  where: string;
  logs: ImportedLog[];
  files: LogFile[];
  notes: string[];
}

export interface ImportedLog extends Receipt {
  known: boolean;
}

// Proof says that calls were deleted.
export interface Proof {
  at: string;
  dry?: boolean;
  what: string;
  rows_before: number;
  rows_matching: number;
  rows_after: number;
  rows_left: number;
  parts: Rewrites[];
}

export interface Rewrites {
  name: string;
  rows_removed: number;
}

// Standing of a difference between a bill and the usage.
export type Settled = "explained" | "missing" | "unexplained";

export interface ReconcileAnswer {
  stamp: Stamp;
  against: "log" | "bill";
  files: LogFile[];
  bills: BillSummary[];
  result: Reconciliation;
  missing: MissingPrice[];
  notes: string[];
}

export interface BillSummary {
  name: string;
  format: string;
  format_why: string;
  rounding: string;
  rows: number;
  billed: number;
  skipped: number;
  faulty: number;
}

export interface Reconciliation {
  computed_usd: string;
  billed_usd: string;
  difference_usd: string;
  explained_usd: string;
  missing_usd: string;
  unexplained_usd: string;
  settled: boolean;
  causes: CauseTotal[];
  lines: ReconciledLine[];
  apart: SetApart[];
  notes: string[];
}

export interface CauseTotal {
  cause: string;
  standing: Settled;
  text: string;
  lines: number;
  computed_usd: string;
  billed_usd: string;
  difference_usd: string;
}

export interface ReconciledLine {
  from?: string;
  to?: string;
  provider: string;
  model?: string;
  kind?: string;
  tier?: string;
  project?: string;
  computed_usd: string;
  billed_usd: string;
  difference_usd: string;
  cause: string;
  standing: Settled;
  why: string;
  also?: string[];
}

export interface SetApart {
  provider?: string;
  why: string;
  rows: number;
  computed_usd: string;
  currency?: string;
  amount?: string;
}

export interface Conformance {
  version: string;
  rows: number;
  conforms: boolean;
  passed: number;
  failed: number;
  advised: number;
  skipped: number;
  results: RuleResult[];
}

export interface RuleResult {
  rule: string;
  column: string;
  keyword: string;
  text: string;
  outcome: "pass" | "fail" | "advice" | "skipped";
  why?: string;
  applied: number;
  broken: number;
  lines?: number[];
}

// Problems (application/problem+json)

export interface ProblemDocument {
  title?: string;
  status?: number;
  detail?: string;
  errors?: { location?: string; message: string; value?: unknown }[];
}

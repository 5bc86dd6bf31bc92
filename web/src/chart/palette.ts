// How each way to serve the workload is drawn, everywhere: a colour of the Okabe-Ito set, and a dash pattern for
// those who cannot tell colours apart. The colours are CSS variables, so that both themes have their own.

import type { OptionKind } from "../api/types";

export const style: Record<OptionKind, { color: string; dash: string; name: string; short: string; tiny: string }> = {
  current_api: { color: "var(--current)", dash: "", name: "Today's API", short: "today's API", tiny: "API" },
  hosted_open: {
    color: "var(--hosted)",
    dash: "7 3",
    name: "Open weights by the token",
    short: "open weights by the token",
    tiny: "hosted",
  },
  rented_gpus: { color: "var(--gpus)", dash: "", name: "Rented GPUs", short: "rented GPUs", tiny: "GPUs" },
  hybrid: { color: "var(--hybrid)", dash: "2 3", name: "Hybrid", short: "hybrid", tiny: "hybrid" },
};

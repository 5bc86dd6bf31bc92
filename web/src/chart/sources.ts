// How each source of prices is drawn, everywhere: a colour of the Okabe-Ito set and a dash pattern.

const known: Record<string, { color: string; dash: string; short?: string }> = {
  litellm: { color: "var(--source-1)", dash: "", short: "LiteLLM" },
  "genai-prices": { color: "var(--source-2)", dash: "7 3", short: "genai-prices" },
  "models.dev": { color: "var(--source-3)", dash: "2 3", short: "models.dev" },
  langfuse: { color: "var(--source-4)", dash: "9 3 2 3", short: "Langfuse" },
  portkey: { color: "var(--source-5)", dash: "4 2", short: "Portkey" },
  openrouter: { color: "var(--source-6)", dash: "1 2.5", short: "OpenRouter" },
};

// drawn is a source's style. One that is not known is a page that a person read.
export const drawn = (id: string) => known[id] ?? { color: "var(--ink)", dash: "5 2" };

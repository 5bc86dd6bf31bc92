// Files that the page makes.

// download saves a file as if it came from the server.
export function download(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// cell quotes a field. Text that a spreadsheet would take for a formula gets an apostrophe, figures stay figures.
function cell(text: string): string {
  const safe = /^[=+@\t\r]/.test(text) || (text.startsWith("-") && Number.isNaN(Number(text))) ? "'" + text : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export const csv = (rows: string[][]): Blob => new Blob([rows.map((r) => r.map(cell).join(",") + "\r\n").join("")], { type: "text/csv" });

import { useState } from "preact/hooks";
import { day } from "../format";
import { catalog, shareLink, theme, toggleTheme } from "../state/store";

const anchors = [
  ["decide", "Decide"],
  ["constraints", "Constraints"],
  ["scenarios", "Scenarios"],
  ["calculator", "Calculator"],
  ["log", "Your log"],
  ["prices", "Prices"],
  ["limits", "Method"],
] as const;

function Share() {
  const [said, setSaid] = useState("");
  const [link, setLink] = useState("");
  const share = async () => {
    const address = shareLink();
    try {
      await navigator.clipboard.writeText(address);
      setLink("");
      setSaid("Copied: the link reproduces this screen.");
    } catch {
      setLink(address); // without a secure context the reader copies it
      setSaid("Copy this link:");
    }
    window.setTimeout(() => setSaid((s) => (s.startsWith("Copied") ? "" : s)), 4000);
  };
  return (
    <>
      <button type="button" class="link" onClick={() => void share()}>
        Share link
      </button>
      <span role="status" class="said">
        {said}
      </span>
      {link && <input class="sharing" readOnly value={link} aria-label="Link to this screen" onFocus={(e) => e.currentTarget.select()} />}
    </>
  );
}

export function Header() {
  const stamp = catalog.value?.stamp;
  return (
    <header>
      <p class="brand">
        <a href="/">Breakeven</a>
      </p>
      <nav aria-label="Sections">
        <ul>
          {anchors.map(([id, name]) => (
            <li key={id}>
              <a href={`#${id}`}>{name}</a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="tools">
        {stamp && (
          <span class="muted snapshot">
            price book <span class="figure">{stamp.snapshot}</span>, {day(stamp.as_of)}
          </span>
        )}
        <button type="button" class="link" onClick={toggleTheme}>
          {theme.value === "dark" ? "Light" : "Dark"}
          <span class="hidden"> theme</span>
        </button>
        {stamp && <Share />}
      </div>
    </header>
  );
}

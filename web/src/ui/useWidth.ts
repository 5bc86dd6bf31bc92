import { useLayoutEffect, useRef, useState } from "preact/hooks";

// useWidth measures an element, so that a chart is drawn for it in CSS pixels.
export function useWidth() {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const el = ref.current;
    if (!el) return;
    setWidth(Math.floor(el.clientWidth));
    const watch = new ResizeObserver(() => setWidth(Math.floor(el.clientWidth)));
    watch.observe(el);
    return () => watch.disconnect();
  }, []);
  return { ref, width };
}

import { useEffect, useRef } from "preact/hooks";

// useNear calls once, when an element comes within a screen of the visible part.
export function useNear<E extends Element>(call: () => void) {
  const ref = useRef<E>(null);
  useEffect(() => {
    const el = ref.current;
    if (!el) return;
    const watch = new IntersectionObserver(
      (entries) => {
        if (!entries.some((e) => e.isIntersecting)) return;
        watch.disconnect();
        call();
      },
      { rootMargin: "100% 0px" },
    );
    watch.observe(el);
    return () => watch.disconnect();
  }, []);
  return ref;
}

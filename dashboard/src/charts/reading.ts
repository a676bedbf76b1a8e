// What is read of a chart stays until the pointer or the focus leaves the whole figure: its numbers can be reached.
import type { FocusEvent } from "react";

export function untilLeft(forget: () => void) {
  return {
    onPointerLeave: forget,
    onBlur: (event: FocusEvent) => {
      if (!event.currentTarget.contains(event.relatedTarget)) forget();
    },
  };
}

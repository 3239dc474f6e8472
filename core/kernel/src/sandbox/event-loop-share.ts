const shareMs = 10

let until = 0

/**
 * Whether the sandboxes of this process, all together, have had their share of this round of the event loop: then what else
 * they sent waits for the next, however much it is.
 */
export function isShareUsed(): boolean {
  const now = performance.now()
  if (until === 0) {
    until = now + shareMs
    setImmediate(() => (until = 0))
  }
  return now > until
}

/** Settles in a round of the event loop that has some of the share left. */
export async function nextShare(): Promise<void> {
  do await new Promise<void>((resolve) => setImmediate(resolve))
  while (isShareUsed())
}

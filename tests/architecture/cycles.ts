/**
 * The cycles of a graph: its strongly connected parts of more than one node (Tarjan 1972), and nodes that point to themselves.
 */
export function findCycles(edges: readonly (readonly [from: string, to: string])[]): string[][] {
  const targets = Map.groupBy(edges, ([from]) => from)
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const open: string[] = []
  const cycles: string[][] = []

  const visit = (node: string): void => {
    const number = order.size
    order.set(node, number)
    lowest.set(node, number)
    open.push(node)
    for (const [, target] of targets.get(node) ?? []) {
      if (!order.has(target)) visit(target)
      if (open.includes(target)) lowest.set(node, Math.min(lowest.get(node) ?? number, lowest.get(target) ?? number))
    }
    if (lowest.get(node) !== number) return
    const part = open.splice(open.indexOf(node))
    if (part.length > 1 || targets.get(node)?.some(([, target]) => target === node)) cycles.push(part)
  }

  for (const node of targets.keys()) if (!order.has(node)) visit(node)
  return cycles
}

export type Node = Record<string, unknown>

export const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A value in a parse tree and the key it stands under; the items of a list have the key of the list. */
export interface Part { key: string; value: unknown; depth: number }

/** Every part of a tree, outer before inner. Not recursive: trees of strangers may be deep. */
export function* partsOf(tree: unknown): Generator<Part> {
  const waiting: Part[] = [{ key: '', value: tree, depth: 0 }]
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    yield part
    const { key, value, depth } = part
    if (Array.isArray(value)) for (const item of value as unknown[]) waiting.push({ key, value: item, depth: depth + 1 })
    else if (isNode(value)) for (const name of Object.keys(value)) waiting.push({ key: name, value: value[name], depth: depth + 1 })
  }
}

/** The items of a list, also of one wrapped in a `List` or `TypeName` node. */
export function items(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  const list = isNode(value) ? (value['List'] ?? value['TypeName']) : undefined
  return isNode(list) ? items(list['items'] ?? list['names']) : []
}

/** The strings of a qualified name. */
export function strings(value: unknown): string[] {
  return items(value).flatMap((item) => (isNode(item) && isNode(item['String']) ? [String(item['String']['sval'])] : []))
}

/** `CreateFunctionStmt` → "create function", `AT_ChangeOwner` → "change owner". */
export const spoken = (name: string): string => name.replace(/^(AT|OBJECT)_/, '').replace(/Stmt$/, '').replace(/(?<=[a-z])(?=[A-Z])/g, ' ').replaceAll('_', ' ').toLowerCase()

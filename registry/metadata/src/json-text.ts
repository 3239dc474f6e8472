import type { Json } from '@opsflux/sdk'

/** Canonical JSON is written by recursion; real metadata is 8 deep. */
const maxDepth = 16
/** Commas, colons and brackets of one text. Real metadata of 500 releases has 12,000. */
const maxMarks = 200_000

/**
 * Reads JSON of bounded depth and size in which no key of an object stands twice, so that every reader sees the same; bounds are
 * judged before anything is parsed. @throws Error that says what is wrong
 */
export function readStrictJson(bytes: Uint8Array): Json {
  const text = decode(bytes)
  const members = measure(text)
  const value = parse(text)
  // A key that stands twice is one member of what was read, and two of the text.
  if (countMembers(value) !== members) throw new Error('it has a key twice')
  return value
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new Error('it is not JSON', { cause })
  }
}

function parse(text: string): Json {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Error('it is not JSON', { cause })
  }
}

/** How many members the objects of the text have: one for each colon outside of strings. */
function measure(text: string): number {
  let depth = 0
  let marks = 0
  let members = 0
  let isInString = false
  for (let at = 0; at < text.length; at += 1) {
    const mark = text[at]
    if (isInString) {
      if (mark === '\\') at += 1
      else if (mark === '"') isInString = false
      continue
    }
    if (mark === '"') isInString = true
    else if (mark === '{' || mark === '[') depth += 1
    else if (mark === '}' || mark === ']') depth -= 1
    else if (mark === ':') members += 1
    else if (mark !== ',') continue
    marks += 1
    if (depth > maxDepth) throw new Error(`it is nested more than ${maxDepth} deep`)
    if (marks > maxMarks) throw new Error(`it has more than ${maxMarks} parts`)
  }
  return members
}

function countMembers(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + countMembers(item), 0)
  if (Object.hasOwn(value, '__proto__')) throw new Error('it has a key "__proto__"')
  return Object.values(value).reduce<number>((sum, item) => sum + 1 + countMembers(item), 0)
}

import { loadModule, parseSync } from 'libpg-query'
import { allowedStatements } from './allowed.ts'
import { afterStepOf, type AfterStep } from './after-rules.ts'
import type { Judgement, MigrationPart } from './judgement.ts'
import { textFault } from './text-rules.ts'
import { spoken } from './tree.ts'
import { treeFault } from './tree-rules.ts'

/** Judges in this thread, which a hostile text may keep busy. @throws RangeError when its stack ran over: then end the thread */
export async function judgeHere(sql: string, schema: string, part: MigrationPart = 'change'): Promise<Judgement> {
  await loadModule()
  const reason = textFault(sql)
  if (reason !== undefined) return refuse(reason)
  const parsed = parse(sql)
  if (!Array.isArray(parsed)) return refuse(parsed.unreadable)
  const fault = firstFault(parsed.map((statement) => [statement]), schema, part)
  if (fault) return fault
  const statements = cut(sql, parsed)
  // Parsed once more: what was judged is the very text that will run.
  const again = statements[0] === sql ? undefined : firstFault(statements.map(parse), schema, part)
  return again ?? (part === 'after' ? { statements, steps: stepsOf(parsed, statements) } : { statements })
}

function stepsOf(parsed: readonly Statement[], statements: readonly string[]): AfterStep[] {
  return parsed.map(({ name, tree }, index) => afterStepOf(name, tree, (statements[index] ?? '').trim())).filter((step) => 'kind' in step)
}

function firstFault(all: readonly Parsed[], schema: string, part: MigrationPart): Judgement | undefined {
  for (const [index, parsed] of all.entries()) {
    const fault = statementFault(parsed, schema, part)
    if (fault !== undefined) return refuse(fault, index + 1)
  }
  return undefined
}

interface Statement { name: string; tree: unknown; start: number; length: number | undefined }
type Parsed = Statement[] | { unreadable: string }

const refuse = (reason: string, statement?: number): Judgement => ({ statements: [], fault: { reason, ...(statement === undefined ? {} : { statement }) } })

// The parser counts bytes, and gives no length to a last statement without a semicolon.
function cut(sql: string, statements: readonly Statement[]): string[] {
  const bytes = Buffer.from(sql)
  return statements.map(({ start, length }) => bytes.subarray(start, length === undefined ? undefined : start + length).toString())
}

function statementFault(parsed: Parsed, schema: string, part: MigrationPart): string | undefined {
  if (!Array.isArray(parsed)) return parsed.unreadable
  const [statement, second] = parsed
  if (statement === undefined || second !== undefined) return 'it cannot be told apart from its neighbours'
  if (!allowedStatements.has(statement.name)) return `${spoken(statement.name)} is not allowed in a migration`
  const step = part === 'after' ? afterStepOf(statement.name, statement.tree, '') : undefined
  return step && 'fault' in step ? step.fault : treeFault(statement.tree, schema, part)
}

function parse(sql: string): Parsed {
  // An empty text makes the parser throw.
  if (sql.trim() === '') return []
  try {
    return (parseSync(sql).stmts ?? []).map(({ stmt, stmt_location: start = 0, stmt_len: length }) => ({ name: Object.keys(stmt ?? {})[0] ?? '', tree: stmt, start, length }))
  } catch (cause) {
    if (cause instanceof RangeError) throw cause
    return { unreadable: `it cannot be read: ${cause instanceof Error ? cause.message : String(cause)}` }
  }
}

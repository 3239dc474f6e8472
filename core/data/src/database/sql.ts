import { quoteIdentifier } from './roles.ts'

/** A piece of SQL with its parameters: `parts` around `values`, one more than those. */
export class Sql {
  readonly parts: readonly string[]
  readonly values: readonly unknown[]

  constructor(parts: readonly string[], values: readonly unknown[]) {
    this.parts = parts
    this.values = values
  }
}

/** A statement as PostgreSQL takes it. */
export interface Statement {
  /** With `$1`, `$2` … */
  text: string
  values: unknown[]
}

/** Pieces of SQL in the text are put in as they are; everything else becomes a parameter. */
export const sql = Object.assign((parts: TemplateStringsArray, ...values: unknown[]): Sql => new Sql(parts, values), {
  /** Text as it stands: never of a request, a plugin or a user. */
  raw: (text: string): Sql => new Sql([text], []),
  /** A quoted name. */
  id: (name: string): Sql => new Sql([quoteIdentifier(name)], []),
  join: (items: readonly Sql[], separator = ', '): Sql => new Sql(['', ...Array<string>(Math.max(0, items.length - 1)).fill(separator), ''].slice(0, items.length + 1), items),
})

export function toStatement(piece: Sql): Statement {
  const statement: Statement = { text: '', values: [] }
  append(statement, piece)
  return statement
}

function append(statement: Statement, { parts, values }: Sql): void {
  for (let index = 0; index < parts.length; index++) {
    statement.text += parts[index]
    if (index >= values.length) continue
    const value = values[index]
    if (value instanceof Sql) append(statement, value)
    else statement.text += `$${statement.values.push(value)}`
  }
}

import { setFlagsFromString } from 'node:v8'
import { parentPort } from 'node:worker_threads'
import { judgeHere } from './judge.ts'
import type { MigrationPart } from './judgement.ts'

export interface Question { number: number; sql: string; schema: string; part: MigrationPart }

// V8 would compile the parser's largest function again to run it faster, and take 500 MB for a moment to do so.
for (const flag of ['--liftoff-only', '--no-wasm-tier-up', '--no-wasm-dynamic-tiering']) setFlagsFromString(flag)

// The thread that `judgeMigration` starts: questions in, judgements out. An error ends it: after a stack that ran over, the parser
// is not to be trusted any more.
parentPort?.on('message', ({ number, sql, schema, part }: Question) => {
  void judgeHere(sql, schema, part).then((judgement) => parentPort?.postMessage({ number, judgement }, []))
})

export { answerProblems, toProblem } from './problem.ts'
export { closeServer, listen } from './listen.ts'
export { runProcess } from './run-process.ts'
export type { RunningProcess } from './run-process.ts'

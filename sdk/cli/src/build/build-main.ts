import { writePackage } from '../archive/pack.ts'
import { buildFiles } from './build-files.ts'
import { answerFor, type BuildAnswer, type BuildOrder } from './build-process.ts'
import { stageSources } from './stage.ts'

// The process that `buildApart` starts: one order in, one answer out.
process.once('disconnect', () => process.exit())
process.once('message', (order: BuildOrder) => {
  void carryOut(order).then((): BuildAnswer => ({ done: true }), answerFor).then((answer) => process.send?.(answer))
})

async function carryOut({ folder, overlay, target }: BuildOrder): Promise<void> {
  await using stage = await stageSources(folder, overlay)
  await writePackage(target, (await buildFiles(stage.root)).files)
}

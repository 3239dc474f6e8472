import { expect, test } from 'vitest'
import { ProcessFigures } from './process-figures.ts'

test.runIf(process.platform === 'linux')('memory and processor time are those the process itself sees', () => {
  const figures = new ProcessFigures(() => process.pid)
  const before = figures.cpuMs() ?? Number.NaN
  const began = process.cpuUsage()
  for (let used = 0; used < 200_000; used = process.cpuUsage(began).user + process.cpuUsage(began).system);
  const used = (figures.cpuMs() ?? Number.NaN) - before
  expect(used).toBeGreaterThanOrEqual(150)
  expect(used).toBeLessThan(2000)
  expect(figures.residentMb()).toBeGreaterThan(20)
  figures.close()
})

test('of a process that is not there, and after the end, there is nothing to tell', () => {
  for (const pid of [undefined, 2 ** 30]) expect([new ProcessFigures(() => pid).residentMb(), new ProcessFigures(() => pid).cpuMs()]).toEqual([undefined, undefined])
  const figures = new ProcessFigures(() => process.pid)
  figures.close()
  expect([figures.residentMb(), figures.cpuMs()]).toEqual([undefined, undefined])
})

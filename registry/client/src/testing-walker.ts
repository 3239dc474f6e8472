import { RegistryClient } from './registry-client.ts'

// A process of its own that reads a registry once, to be killed at any moment.
process.once('message', ({ url, root, cacheDir }: { url: string; root: string; cacheDir: string }) => {
  void new RegistryClient({ url, root: Buffer.from(root), cacheDir }).refresh().then(() => process.send?.('done'))
})

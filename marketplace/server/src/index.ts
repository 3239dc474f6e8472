export { startMarketplace } from './server.ts'
export type { Marketplace, MarketplaceOptions } from './server.ts'

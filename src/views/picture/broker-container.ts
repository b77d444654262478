/** Knows the broker's container among the infrastructure, by what people call it, its name or its image. */

import type { ContainerJson, FleetJson } from './api-shapes.js';

export function findBrokerContainer({ containers }: FleetJson): ContainerJson | undefined {
  return (containers ?? []).find(
    ({ role, container, title, image }) =>
      role === 'infrastructure' && /rabbit/i.test(`${title ?? ''} ${container} ${image ?? ''}`),
  );
}

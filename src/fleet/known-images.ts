/** Knows servers that pipelines depend on by their images. */

/** By the last part of the repository, without its tag. */
const TITLES: readonly (readonly [image: RegExp, title: string])[] = [
  [/^rabbitmq$/, 'RabbitMQ'],
  [/^(redis|redis-stack|redis-stack-server|valkey|keydb|dragonfly)$/, 'Redis'],
  [/^(postgres|postgresql|postgis|timescaledb|pgvector)$/, 'PostgreSQL'],
  [/^(mysql|mariadb|percona)$/, 'MySQL'],
  [/^(mongo|mongodb)$/, 'MongoDB'],
  [/^(minio|seaweedfs)$/, 'Object storage'],
  [/^grobid$/, 'GROBID'],
  [/^memcached$/, 'Memcached'],
  [/^(elasticsearch|opensearch)$/, 'Elasticsearch'],
  [/^(qdrant|weaviate|milvus|chroma)$/, 'Vector database'],
  [/^(kafka|cp-kafka|redpanda)$/, 'Kafka'],
  [/^nats$/, 'NATS'],
];

/** `RabbitMQ` for `docker.io/library/rabbitmq:3.13-management@sha256:…`; undefined for what is not known. */
export function titleOfImage(image: string): string | undefined {
  const [path = ''] = image.split('@');
  const name = (path.split('/').at(-1) ?? '').split(':')[0] ?? '';
  return TITLES.find(([pattern]) => pattern.test(name.toLowerCase()))?.[1];
}

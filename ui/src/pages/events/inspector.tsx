export default function Inspector({ sequence }: { sequence: number }) {
  return <aside aria-label={`Event ${sequence}`} />;
}

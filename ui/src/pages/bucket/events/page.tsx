export default function BucketEventsPage() {
  return null;
}

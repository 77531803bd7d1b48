export default function InsightsPage() {
  return null;
}

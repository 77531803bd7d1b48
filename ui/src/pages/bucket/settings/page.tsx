export default function BucketSettingsPage() {
  return null;
}

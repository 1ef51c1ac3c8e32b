# flood.pl <bytes a second> <seconds>: prints numbered lines at that pace, then END and their number.
use strict; use Time::HiRes qw(time sleep);
my ($rate, $seconds) = @ARGV; my ($n, $sent, $from) = (0, 0, time);
my $rest = 'the quick brown fox jumps over the lazy dog and prints a build line src/foo/bar.ts ok';
while ($sent < $rate * $seconds) {
  my $text = '';
  $text .= sprintf("%08d %s\n", $n++, $rest) while length($text) < $rate / 20;
  for (my $at = 0; $at < length $text; ) { my $w = syswrite(STDOUT, $text, length($text) - $at, $at) // exit 1; $at += $w }
  $sent += length $text;
  my $early = $from + $sent / $rate - time;
  sleep $early if $early > 0;
}
syswrite(STDOUT, sprintf("END %d %.1f\n", $n, time - $from));

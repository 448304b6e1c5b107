#!/usr/bin/perl
# One page. Told to end, it answers everybody who has come already, and takes nobody else.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

my ($home) = $0 =~ m{^(.*)/script/};
my $version = text("VERSION");
my $server = IO::Socket::INET->new(LocalAddr => $ENV{DDGC_LISTEN}, Listen => 128, ReuseAddr => 1) or die "$@\n";
my $over = 0;
$SIG{TERM} = sub { $over = 1 };
$SIG{PIPE} = 'IGNORE';
my $door = IO::Select->new($server);
until ($over) { answer($server->accept) if $door->can_read(1) }
answer($server->accept) while $door->can_read(0.1);

sub answer {
    my $visitor = shift or return;
    while (defined(my $line = <$visitor>)) { last if $line =~ /^\r?$/ }
    # What was loaded at the start, and what is read now: both are of one release.
    my $page = "community platform $version, with the texts of " . text("VERSION") . "\n";
    print $visitor "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " . length($page) . "\r\n\r\n$page";
    close $visitor;
}

sub text {
    open my $file, '<', "$home/$_[0]" or die "$home/$_[0]: $!\n";
    chomp(my $text = <$file>);
    return $text;
}

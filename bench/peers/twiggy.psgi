# SPDX-License-Identifier: MIT
# The usual recipe for large files on AnyEvent: read a piece without blocking,
# write it, read the next one.
use strict;
use warnings;
use AnyEvent::AIO;
use IO::AIO;
use Fcntl qw(O_RDONLY);

use constant PIECE => 64 * 1024;

my $root = $ENV{BENCH_ROOT};

sub stream {
    my ($respond, $file, $size) = @_;
    my $writer = $respond->([200, [
        'Content-Type'   => 'application/octet-stream',
        'Content-Length' => $size,
    ]]);
    my $at = 0;
    my $next;
    $next = sub {
        my $piece = '';
        aio_read $file, $at, PIECE, $piece, 0, sub {
            my $got = shift;
            if (!defined $got || $got <= 0) {
                $writer->close;
                undef $next;
                return;
            }
            $writer->write($piece);
            $at += $got;
            if ($at < $size) {
                $next->();
            } else {
                $writer->close;
                undef $next;
            }
        };
    };
    $next->();
}

sub {
    my $env = shift;
    my $path = $root . $env->{PATH_INFO};
    return sub {
        my $respond = shift;
        aio_open $path, O_RDONLY, 0, sub {
            my $file = shift;
            return $respond->([404, [], []]) if !$file;
            stream($respond, $file, -s $file);
        };
    };
};

// SPDX-License-Identifier: MIT
// Unpacks a zip archive from standard input, as it comes:
//
//   java Unzip.java FOLDER < ARCHIVE
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

class Unzip {
    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        ZipInputStream archive = new ZipInputStream(System.in);
        ZipEntry entry;

        while ((entry = archive.getNextEntry()) != null) {
            Path path = folder.resolve(entry.getName());

            if (entry.isDirectory()) {
                Files.createDirectories(path);
                continue;
            }
            Files.createDirectories(path.getParent());
            // At its end the checksum is compared.
            Files.copy(archive, path);
        }
    }
}

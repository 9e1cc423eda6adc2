using HighPerfRnn.Formats;

namespace HighPerfRnn.Tests.Models;

/// <summary>Files with a change that no writer of ours would make.</summary>
internal static class FileEdit
{
    /// <summary>Writes a file again with its metadata or its tensors changed.</summary>
    public static void Rewrite(
        string path, Action<Dictionary<string, string>>? changeMetadata = null, Action<List<SafetensorsTensor>>? changeTensors = null)
    {
        Dictionary<string, string> metadata;
        List<SafetensorsTensor> tensors = [];
        using (SafetensorsFile file = SafetensorsFile.Read(path))
        {
            metadata = new Dictionary<string, string>(file.Metadata);
            foreach (SafetensorsEntry entry in file.Tensors)
            {
                byte[] data = new byte[entry.ByteLength];
                file.CopyBytesTo(entry.Name, data);
                tensors.Add(SafetensorsTensor.FromBytes(entry.Name, entry.Dtype, data, entry.Shape));
            }
        }

        changeMetadata?.Invoke(metadata);
        changeTensors?.Invoke(tensors);
        SafetensorsFile.Write(path, metadata, tensors);
    }
}
